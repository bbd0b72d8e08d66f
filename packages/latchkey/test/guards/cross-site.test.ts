/** What browsers send by themselves: pre-flights, Origin, Sec-Fetch headers, and Basic once a login box was answered. */
import { expect, it } from 'vitest'
import {
  crossSite,
  noCredentials,
  noCredentialsWithoutBasic,
  noUser,
  onEveryFramework,
  tokenExpired,
  tokenInvalidWithoutBasic,
} from './contract.js'
import { bad, basic, bearer, good } from './tokens.js'

const host = ['Host', 'shop.example'] as const
const origin = (value: string) => ['Origin', value] as const
const site = (value: string) => ['Sec-Fetch-Site', value] as const
const mode = (value: string) => ['Sec-Fetch-Mode', value] as const
const asksFor = ['Access-Control-Request-Method', 'PUT'] as const
const foreign = origin('https://other.example')

onEveryFramework('a pre-flight', (client) => {
  it.each(['/guarded', '/read', '/bearer-only', '/fresh', '/sub/guarded'])('passes %s without a user', async (path) => {
    expect(await client.passed({ method: 'OPTIONS', path, headers: [foreign, asksFor] })).toEqual(noUser)
  })

  it('passes in any case of its headers', async () => {
    const headers = [['ORIGIN', foreign[1]] as const, ['access-control-REQUEST-method', 'GET'] as const]
    await client.passed({ method: 'OPTIONS', headers })
  })

  it('passes without a user even when it carries a token', async () => {
    for (const token of [good, bad.tampered]) {
      const headers = [foreign, asksFor, bearer(token)]
      expect(await client.passed({ method: 'OPTIONS', headers })).toEqual(noUser)
    }
  })

  it.each([
    ['OPTIONS alone', 'OPTIONS', [], noCredentials],
    ['OPTIONS without Origin', 'OPTIONS', [asksFor], noCredentials],
    ['OPTIONS without the method asked for', 'OPTIONS', [foreign], noCredentialsWithoutBasic],
    ['GET with the headers of one', 'GET', [foreign, asksFor], noCredentialsWithoutBasic],
    ['POST with the headers of one', 'POST', [foreign, asksFor], noCredentialsWithoutBasic],
    ['POST that asks to count as OPTIONS', 'POST', [['X-HTTP-Method-Override', 'OPTIONS'] as const], noCredentials],
  ])('is not what %s is', async (_, method, headers, refusal) => {
    expect(await client.refused({ method, headers })).toEqual(refusal)
  })
})

onEveryFramework('Basic in a browser', (client) => {
  const credentials = basic(`${good}:`)

  it.each([
    ['cross-site', [site('cross-site')]],
    ['same-site', [site('same-site')]],
    ['a site nobody knows', [site('')]],
    ['cross-site with its own Origin', [site('cross-site'), origin('http://shop.example')]],
    ['a cross-site navigation', [site('cross-site'), mode('navigate')]],
    ['a foreign Origin', [foreign]],
    ['no Origin of its own (null)', [origin('null')]],
    ['an empty Origin', [origin('')]],
    ['its own host on another port', [origin('https://shop.example:8443')]],
    ['a host that only begins alike', [origin('https://shop.example.evil.example')]],
    ['a host that only ends alike', [origin('https://evilshop.example')]],
    ['another scheme', [origin('ftp://shop.example')]],
  ])('is refused without a challenge when it comes from %s', async (_, headers) => {
    expect(await client.refusedWith(host, ...headers, credentials)).toEqual(crossSite)
  })

  it.each([
    ['the same origin', [site('same-origin')]],
    ['the same origin, with Origin', [site('same-origin'), origin('http://shop.example')]],
    ['the address bar', [site('none'), mode('navigate')]],
    ['its own Origin by http', [origin('http://shop.example')]],
    ['its own Origin by https, behind a proxy', [origin('https://shop.example')]],
    ['no browser', []],
  ])('passes when it comes from %s', async (_, headers) => {
    await client.passedWith(host, ...headers, credentials)
  })

  it('passes from its own Origin on its own port', async () => {
    await client.passedWith(['Host', 'shop.example:8443'], origin('https://shop.example:8443'), credentials)
  })

  it('is refused from another site in the same way for a wrong token, so that no site can tell', async () => {
    expect(await client.refusedWith(site('cross-site'), basic(`${bad.tampered}:`))).toEqual(crossSite)
  })

  it('is refused from another site by an optional guard too', async () => {
    expect(await client.refused({ path: '/optional', headers: [foreign, credentials] })).toEqual(crossSite)
  })
})

onEveryFramework('Bearer in a browser', (client) => {
  it('passes from any site, since no browser sends it by itself', async () => {
    for (const header of [site('cross-site'), site('same-site'), foreign, origin('null')]) {
      await client.passedWith(header, bearer(good))
    }
  })
})

onEveryFramework('the login box', (client) => {
  it.each([
    ['the address bar', [site('none'), mode('navigate')]],
    ['a link on another site', [site('cross-site'), mode('navigate')]],
    ['no browser', []],
  ])('is offered to %s', async (_, headers) => {
    expect(await client.refusedWith(...headers)).toEqual(noCredentials)
    expect(await client.refusedWith(...headers, bearer(bad.expired))).toEqual(tokenExpired)
  })

  it.each([
    ['a fetch', [site('same-origin'), mode('cors')]],
    ['a fetch within its origin', [site('same-origin'), mode('same-origin')]],
    ['an image', [site('cross-site'), mode('no-cors')]],
    ['a socket', [site('same-origin'), mode('websocket')]],
    ['a foreign Origin', [foreign]],
    ['its own Origin', [origin('http://shop.example')]],
    ['a form of its own, which has an Origin', [origin('http://shop.example'), mode('navigate')]],
  ])('is not offered to %s', async (_, headers) => {
    expect(await client.refusedWith(host, ...headers)).toEqual(noCredentialsWithoutBasic)
    expect(await client.refusedWith(host, ...headers, bearer(bad.tampered))).toEqual(tokenInvalidWithoutBasic)
  })
})
