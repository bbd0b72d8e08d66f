/** The metadata of another issuer, and an issuer that answers what it should not. */
import { createAuth } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { type Handler, json, keysPath, metadataPath, status, until } from './any-jwt/own-issuer.js'
import { verdictOf } from './any-jwt/service.js'
import { first, useIssuer } from './any-jwt/use-issuer.js'
import { audience } from './fixtures.js'

const oauthPath = '/.well-known/oauth-authorization-server'
const own = useIssuer()
function trust(server: string, more: object = {}) {
  return own.use(createAuth({ server, profile: 'any-jwt', audience, ...more }))
}

async function problemWith(path: string, answer: Handler): Promise<string> {
  own.issuer.answers.set(path, answer)
  const auth = trust(own.issuer.url)
  await until(() => auth.status().problem !== undefined)
  return auth.status().problem as string
}

function verdict(auth: ReturnType<typeof trust>, iss: string): string {
  const claims = { iss, aud: audience, sub: 'ann', exp: Date.now() / 1000 + 60 }
  return verdictOf(auth, first.sign({ alg: 'ES256', kid: first.kid }, claims))
}

describe('the metadata', () => {
  it('of OpenID Connect lies behind the path of the issuer, of OAuth before it', async () => {
    own.issuer.answers.clear()
    own.issuer.answers.set(keysPath, json({ keys: [first.publicJwk] }))
    const named = `${own.issuer.url}/realms/shop`
    const metadata = json({ issuer: named, jwks_uri: own.issuer.url + keysPath })
    for (const path of [`/realms/shop${metadataPath}`, `${oauthPath}/realms/shop`]) {
      own.issuer.answers.set(path, metadata)
      const auth = trust(named)
      await auth.ready()
      expect(verdict(auth, named)).toBe('user')
      own.issuer.answers.delete(path)
    }
    const [byOpenId, byOauth] = [`/realms/shop${metadataPath}`, `${oauthPath}/realms/shop`]
    expect(own.issuer.paths).toEqual([byOpenId, keysPath, byOpenId, byOauth, keysPath])
  })

  it('read, tokens are explained by the reason alone', async () => {
    const auth = trust(own.issuer.url)
    expect(auth.explain(own.tokenOf(first))).toMatchObject({ accepted: false, refused: 'busy', checks: [] })
    await auth.ready()
    expect(auth.explain(own.tokenOf(first))).toMatchObject({ accepted: true, checks: [] })
    expect(auth.explain(own.tokenOf(first, { typ: 'logout+jwt' }))).toEqual({
      ...{
        accepted: false,
        refused: 'token_invalid',
        checks: [],
        advice: expect.stringContaining('typ JWT or at+jwt'),
      },
    })
  })

  it('of OAuth is asked for after a 404 alone', async () => {
    own.issuer.answers.set(oauthPath, json({ issuer: own.issuer.url, jwks_uri: own.issuer.url + keysPath }))
    for (const code of [400, 401, 403, 410, 500, 503]) {
      expect(await problemWith(metadataPath, status(code))).toContain(`${metadataPath} must answer 200, not ${code}`)
    }
    expect(own.issuer.paths).not.toContain(oauthPath)
    own.issuer.answers.delete(metadataPath)
    await trust(own.issuer.url).ready()
    expect(own.issuer.paths).toContain(oauthPath)
  })

  it('names the issuer to the character, the slash at its end too', async () => {
    own.issuer.answers.set(metadataPath, json({ issuer: `${own.issuer.url}/`, jwks_uri: own.issuer.url + keysPath }))
    const auth = trust(`${own.issuer.url}/`)
    await auth.ready()
    expect([verdict(auth, `${own.issuer.url}/`), verdict(auth, own.issuer.url).slice(0, 3)]).toEqual(['user', '401'])
    for (const named of [
      `${own.issuer.url}/`,
      own.issuer.url.toUpperCase(),
      'https://id.example',
      undefined,
      [own.issuer.url],
    ]) {
      const answer = json({ issuer: named, jwks_uri: own.issuer.url + keysPath })
      expect(await problemWith(metadataPath, answer)).toContain(`must name the issuer ${own.issuer.url}`)
    }
  })

  it('may be reached under another name than the issuer has', async () => {
    own.issuer.answers.set(metadataPath, json({ issuer: 'https://id.example', jwks_uri: own.issuer.url + keysPath }))
    const auth = trust(own.issuer.url, { issuer: 'https://id.example' })
    await auth.ready()
    expect([verdict(auth, 'https://id.example'), verdict(auth, own.issuer.url).slice(0, 3)]).toEqual(['user', '401'])
  })

  it('names keys by https, or at this machine, or nowhere', async () => {
    for (const [address, expectation] of [
      ['http://keys.example/keys', 'jwks_uri must be an https URL, since its keys are trusted'],
      ['http://169.254.169.254/latest/meta-data', 'jwks_uri must be an https URL, since its keys are trusted'],
      ['ftp://127.0.0.1/keys', 'jwks_uri must be an https URL'],
      ['file:///etc/passwd', 'jwks_uri must be an https URL'],
      ['data:application/json,{"keys":[]}', 'jwks_uri must be an https URL'],
      ['/keys', 'jwks_uri must be a URL'],
      [undefined, 'jwks_uri must be a URL'],
      [[own.issuer.url + keysPath], 'jwks_uri must be a URL'],
      [own.issuer.url.replace('127.0.0.1', 'ann:secret@127.0.0.1'), 'jwks_uri must have no fragment or password'],
    ] as const) {
      const problem = await problemWith(metadataPath, json({ issuer: own.issuer.url, jwks_uri: address }))
      expect(problem).toContain(expectation)
      expect(problem).not.toContain('secret')
    }
    expect(own.issuer.fetches).toBe(0)
  })
})

describe('an issuer', () => {
  it('that is not there is named with what the network says', async () => {
    const { url } = own.issuer
    await own.issuer.close()
    const auth = trust(url)
    await until(() => auth.status().problem !== undefined)
    expect(auth.status().problem).toMatch(
      /^The keys of .* could not be read: .*: connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
    )
  })

  it('that redirects is not followed', async () => {
    for (const code of [301, 302, 307, 308]) {
      own.issuer.answers.set('/elsewhere', json({ keys: [first.publicJwk] }))
      const problem = await problemWith(keysPath, status(code, { location: `${own.issuer.url}/elsewhere` }))
      expect(problem).toContain('redirect')
    }
    expect(own.issuer.paths).not.toContain('/elsewhere')
  })

  it('that answers 65 KiB is not read to the end', async () => {
    const padded = (bytes: number): Handler => {
      const text = JSON.stringify({ keys: [first.publicJwk], x: '' })
      return (_, response) => response.end(text.replace('""', `"${'x'.repeat(bytes - text.length)}"`))
    }
    expect(await problemWith(keysPath, padded(65 * 1024))).toContain('must answer at most 65536 bytes')
    own.issuer.answers.set(keysPath, padded(64 * 1024))
    await trust(own.issuer.url).ready()
    expect(await problemWith(metadataPath, padded(65 * 1024))).toContain('must answer at most 65536 bytes')
  })

  it('that is slow is given up after five seconds', { timeout: 15_000 }, async () => {
    own.issuer.answers.set(keysPath, (_, response) => response.writeHead(200).write('{"keys":'))
    const auth = trust(own.issuer.url)
    const began = performance.now()
    while (auth.status().problem === undefined) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(performance.now() - began).toBeGreaterThan(4900)
    expect(performance.now() - began).toBeLessThan(6500)
    expect(auth.status().problem).toContain('must answer within 5000 ms')
  })

  it('that answers what readers read differently is not understood', async () => {
    const text =
      (body: string): Handler =>
      (_, response) =>
        response.end(body)
    const set = JSON.stringify({ keys: [first.publicJwk] })
    for (const body of ['', 'null', '7', '"keys"', set.slice(1), set.replace('{', '{"keys":[],'), `${set} ${set}`]) {
      expect(await problemWith(keysPath, text(body))).toContain('must answer a JSON object')
    }
  })
})
