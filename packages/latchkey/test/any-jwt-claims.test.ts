/** The claims and the text of tokens of another issuer: rows 10 to 13 and 15 of the threat list. */
import { createAuth } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { verdictOf } from './any-jwt/service.js'
import { es, headerOf, rs, useTarget } from './any-jwt/target.js'
import { audience, now } from './fixtures.js'

const target = useTarget()
const { claimsOf, tokenOf, expectRefused, expectUser } = target

describe('another kind of token', () => {
  it('is known by its typ', () => {
    for (const typ of [undefined, 'JWT', 'jwt', 'at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/AT+JWT'])
      expectUser(tokenOf(rs, {}, { typ }))
    for (const typ of [
      'logout+jwt',
      'dpop+jwt',
      'secevent+jwt',
      'id+jwt',
      'token-introspection+jwt',
      'oauth-authz-req+jwt',
      'application/jwt',
      'JWE',
      'JOSE',
      '',
      ' jwt',
      'at+jwt;x',
      7,
      null,
      ['JWT'],
      {},
    ]) {
      expectRefused(tokenOf(rs, {}, { typ }))
    }
  })

  it('is known by claims that no access token for a bearer has', () => {
    for (const claim of ['nonce', 'at_hash', 'c_hash', 'events', 'cnf']) {
      for (const value of ['x', '', null, {}]) expectRefused(tokenOf(es, { [claim]: value }), claim)
    }
  })
})

describe('a claim', () => {
  it('is from the issuer and for this service, to the character', () => {
    const { url } = target.issuer
    for (const iss of [
      undefined,
      null,
      '',
      `${url}/`,
      url.slice(0, -1),
      url.toUpperCase(),
      ` ${url}`,
      [url],
      { url },
      7,
      'https://id.example',
    ]) {
      expectRefused(tokenOf(es, { iss }), `iss ${JSON.stringify(iss)}`)
    }
    for (const aud of [
      undefined,
      null,
      '',
      'order',
      'orders ',
      'ORDERS',
      'orders,bills',
      [],
      ['bills'],
      [[audience]],
      [audience, 7],
      [audience, ''],
      { 0: audience },
      7,
      url,
    ]) {
      expectRefused(tokenOf(es, { aud }), `aud ${JSON.stringify(aud)}`)
    }
    for (const aud of [audience, [audience], ['bills', audience]]) expectUser(tokenOf(es, { aud }))
  })

  it('says who and until when', () => {
    for (const sub of [undefined, null, '', 7, ['ann'], {}])
      expectRefused(tokenOf(es, { sub }), `sub ${JSON.stringify(sub)}`)
    const wrong = [null, '', `${now + 600}`, true, [now + 600], {}, -1]
    for (const exp of [undefined, ...wrong, (now + 600) * 1000, 1e300])
      expectRefused(tokenOf(es, { exp }), `exp ${JSON.stringify(exp)}`)
    for (const claim of ['iat', 'nbf', 'auth_time']) {
      for (const value of [...wrong, now * 1000]) expectRefused(tokenOf(es, { [claim]: value }), `${claim} ${value}`)
    }
    for (const text of ['1e400', '-1e400', '01', '+1', '.5', 'NaN', 'Infinity', '0x7fffffff']) {
      const payload = JSON.stringify(claimsOf({ exp: 0 })).replace('"exp":0', `"exp":${text}`)
      expectRefused(es.sign(headerOf(es), payload), `exp ${text}`)
    }
    expectUser(tokenOf(es, { iat: undefined, jti: undefined, scope: undefined }))
    expectUser(tokenOf(es, { exp: now + 0.5, iat: now - 0.5, nbf: now - 0.25 }))
  })

  it('holds at the right moment', () => {
    const expired = tokenOf(es, { exp: now })
    for (const one of target.auths) expect(verdictOf(one, expired)).toMatch(/^401 token_expired/)
    expectUser(tokenOf(es, { exp: now + 1 }))
    expectUser(tokenOf(es, { iat: now + 60, auth_time: now + 60 }))
    expectRefused(tokenOf(es, { iat: now + 61 }))
    expectRefused(tokenOf(es, { auth_time: now + 61 }))
    expectUser(tokenOf(es, { nbf: now }))
    expectRefused(tokenOf(es, { nbf: now + 1 }))
  })

  it('is looked at again when the token is known', async () => {
    let seconds = now
    const server = target.issuer.url
    const auth = createAuth({ server, profile: 'any-jwt', audience, clock: () => seconds * 1000 })
    await auth.ready()
    const token = tokenOf(es, { nbf: now, auth_time: now })
    const tell = (at: number) => {
      seconds = at
      return verdictOf(auth, token, { maxAgeSeconds: 60 }).split(':')[0]
    }
    expect([now, now + 60, now + 61, now + 600].map(tell)).toEqual([
      ...['user', 'user', '401 login_too_old', '401 token_expired'],
    ])
    expect([now - 1, now - 61, now].map(tell)).toEqual(['401 token_invalid', '401 token_invalid', 'user'])
    await auth.close()
  })

  it('of the login is needed where the guard asks for a new one', () => {
    const recent = { maxAgeSeconds: 60 }
    for (const [claims, expected] of [
      [{}, /^401 login_too_old/],
      [{ auth_time: now - 61 }, /^401 login_too_old/],
      [{ auth_time: now - 60 }, /^user/],
    ] as const) {
      for (const one of target.auths) {
        expect(verdictOf(one, tokenOf(es, claims), recent)).toMatch(expected)
        expect(verdictOf(one, tokenOf(es, claims))).toBe('user')
      }
    }
  })
})

describe('the text of a token', () => {
  it('is read strictly, under a right signature too', () => {
    const payload = JSON.stringify(claimsOf())
    const header = JSON.stringify(headerOf(es))
    const twice = (text: string, member: string) => text.replace('{', `{${member},`)
    for (const bad of [
      twice(payload, '"sub":"eve"'),
      twice(payload, '"su\\u0062":"eve"'),
      twice(payload, '"x":{"a":1,"a":2}'),
      twice(payload, '"__proto__":{"sub":"eve"}'),
      twice(payload, '"x":"\\ud800"'),
      twice(payload, `"x":${'['.repeat(40)}${']'.repeat(40)}`),
      `\ufeff${payload}`,
      `${payload}x`,
      ...['', 'null', '7', '"x"', `[${payload}]`],
    ]) {
      expectRefused(es.sign(headerOf(es), bad), bad)
    }
    for (const bad of [
      twice(header, '"alg":"none"'),
      twice(header, '"kid":"x"'),
      `\ufeff${header}`,
      'null',
      `[${header}]`,
      '',
    ]) {
      expectRefused(es.sign(bad, payload), bad)
    }
    expectUser(es.sign(`\n ${header} `, `\t${payload}\n`))
  })

  it('is at most 8,192 characters long', () => {
    const ofSize = (size: number) => tokenOf(es, { x: 'x'.repeat(size) })
    const fits = ofSize(5500)
    expect(fits.length).toBeLessThanOrEqual(8192)
    expectUser(fits)
    const longer = ofSize(6000)
    expect(longer.length).toBeGreaterThan(8192)
    expectRefused(longer)
  })
})

describe('the scopes', () => {
  function scopesOf(claims: object): readonly string[] | undefined {
    const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined }
    const request = {
      method: 'GET',
      url: '/',
      authorization: [`Bearer ${tokenOf(es, claims)}`],
      preflight: false,
      ...absent,
    }
    const decision = target.auths[0].decide(request, {
      scopes: [],
      anyOf: [],
      optional: false,
      basic: true,
      maxAgeSeconds: Infinity,
    })
    return decision.status === undefined ? decision.user?.scopes : undefined
  }

  it('come from scope, or from scp, without what would be a pattern', () => {
    const none = { scope: undefined }
    expect(scopesOf({ scope: 'openid order:read https://x.example/a' })).toEqual([
      'openid',
      'order:read',
      'https://x.example/a',
    ])
    expect(scopesOf({ scope: '*:* order:* !order:read order:*:any x*y  order:read' })).toEqual(['order:read'])
    expect(scopesOf({ scope: 'order:read', scp: ['order:write'] })).toEqual(['order:read'])
    expect(scopesOf({ ...none, scp: 'order:read order:write *:*' })).toEqual(['order:read', 'order:write'])
    expect(scopesOf({ ...none, scp: ['order:read', '*:*', '!order:write', ''] })).toEqual(['order:read'])
    expect([scopesOf(none), scopesOf({ scope: '' }), scopesOf({ ...none, scp: [] })]).toEqual([[], [], []])
  })

  it('of another shape are refused', () => {
    for (const scope of [null, 7, ['order:read'], {}]) expectRefused(tokenOf(es, { scope }))
    for (const scp of [null, 7, [7], ['order:read', null], {}]) expectRefused(tokenOf(es, { scope: undefined, scp }))
  })
})
