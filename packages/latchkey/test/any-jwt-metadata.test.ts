/** The metadata of another issuer, and an issuer that answers what it should not. */
import { createAuth } from 'latchkey'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeKeyPair } from './any-jwt/foreign-keys.js'
import {
  type Handler,
  json,
  keysPath,
  metadataPath,
  type OwnIssuer,
  startOwnIssuer,
  status,
  until,
} from './any-jwt/own-issuer.js'
import { verdictOf } from './any-jwt/service.js'
import { audience } from './fixtures.js'

const pair = makeKeyPair('ES256')
const oauthPath = '/.well-known/oauth-authorization-server'
let issuer: OwnIssuer
const opened: { close(): Promise<void> }[] = []
beforeEach(async () => {
  issuer = await startOwnIssuer([pair.publicJwk])
  opened.push(issuer)
})
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

function trust(server: string, more: object = {}) {
  const auth = createAuth({ server, profile: 'any-jwt', audience, ...more })
  opened.push(auth)
  return auth
}

async function problemWith(path: string, answer: Handler): Promise<string> {
  issuer.answers.set(path, answer)
  const auth = trust(issuer.url)
  await until(() => auth.status().problem !== undefined)
  return auth.status().problem as string
}

function verdict(auth: ReturnType<typeof trust>, iss: string): string {
  const claims = { iss, aud: audience, sub: 'ann', exp: Date.now() / 1000 + 60 }
  return verdictOf(auth, pair.sign({ alg: 'ES256', kid: pair.kid }, claims))
}

describe('the metadata', () => {
  it('of OpenID Connect lies behind the path of the issuer, of OAuth before it', async () => {
    issuer.answers.clear()
    issuer.answers.set(keysPath, json({ keys: [pair.publicJwk] }))
    const named = `${issuer.url}/realms/shop`
    const metadata = json({ issuer: named, jwks_uri: issuer.url + keysPath })
    for (const path of [`/realms/shop${metadataPath}`, `${oauthPath}/realms/shop`]) {
      issuer.answers.set(path, metadata)
      const auth = trust(named)
      await auth.ready()
      expect(verdict(auth, named)).toBe('user')
      issuer.answers.delete(path)
    }
    const [first, second] = [`/realms/shop${metadataPath}`, `${oauthPath}/realms/shop`]
    expect(issuer.paths).toEqual([first, keysPath, first, second, keysPath])
  })

  it('of OAuth is asked for after a 404 alone', async () => {
    issuer.answers.set(oauthPath, json({ issuer: issuer.url, jwks_uri: issuer.url + keysPath }))
    for (const code of [400, 401, 403, 410, 500, 503]) {
      expect(await problemWith(metadataPath, status(code))).toContain(`${metadataPath} must answer 200, not ${code}`)
    }
    expect(issuer.paths).not.toContain(oauthPath)
    issuer.answers.delete(metadataPath)
    await trust(issuer.url).ready()
    expect(issuer.paths).toContain(oauthPath)
  })

  it('names the issuer to the character, the slash at its end too', async () => {
    issuer.answers.set(metadataPath, json({ issuer: `${issuer.url}/`, jwks_uri: issuer.url + keysPath }))
    const auth = trust(`${issuer.url}/`)
    await auth.ready()
    expect([verdict(auth, `${issuer.url}/`), verdict(auth, issuer.url).slice(0, 3)]).toEqual(['user', '401'])
    for (const named of [`${issuer.url}/`, issuer.url.toUpperCase(), 'https://id.example', undefined, [issuer.url]]) {
      const answer = json({ issuer: named, jwks_uri: issuer.url + keysPath })
      expect(await problemWith(metadataPath, answer)).toContain(`must name the issuer ${issuer.url}`)
    }
  })

  it('may be reached under another name than the issuer has', async () => {
    issuer.answers.set(metadataPath, json({ issuer: 'https://id.example', jwks_uri: issuer.url + keysPath }))
    const auth = trust(issuer.url, { issuer: 'https://id.example' })
    await auth.ready()
    expect([verdict(auth, 'https://id.example'), verdict(auth, issuer.url).slice(0, 3)]).toEqual(['user', '401'])
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
      [[issuer.url + keysPath], 'jwks_uri must be a URL'],
      [issuer.url.replace('127.0.0.1', 'ann:secret@127.0.0.1'), 'jwks_uri must have no fragment or password'],
    ] as const) {
      const problem = await problemWith(metadataPath, json({ issuer: issuer.url, jwks_uri: address }))
      expect(problem).toContain(expectation)
      expect(problem).not.toContain('secret')
    }
    expect(issuer.fetches).toBe(0)
  })
})

describe('an issuer', () => {
  it('that redirects is not followed', async () => {
    for (const code of [301, 302, 307, 308]) {
      issuer.answers.set('/elsewhere', json({ keys: [pair.publicJwk] }))
      const problem = await problemWith(keysPath, status(code, { location: `${issuer.url}/elsewhere` }))
      expect(problem).toContain('redirect')
    }
    expect(issuer.paths).not.toContain('/elsewhere')
  })

  it('that answers 65 KiB is not read to the end', async () => {
    const padded = (bytes: number): Handler => {
      const text = JSON.stringify({ keys: [pair.publicJwk], x: '' })
      return (_, response) => response.end(text.replace('""', `"${'x'.repeat(bytes - text.length)}"`))
    }
    expect(await problemWith(keysPath, padded(65 * 1024))).toContain('must answer at most 65536 bytes')
    issuer.answers.set(keysPath, padded(64 * 1024))
    await trust(issuer.url).ready()
    expect(await problemWith(metadataPath, padded(65 * 1024))).toContain('must answer at most 65536 bytes')
  })

  it('that is slow is given up after five seconds', { timeout: 15_000 }, async () => {
    issuer.answers.set(keysPath, (_, response) => response.writeHead(200).write('{"keys":'))
    const auth = trust(issuer.url)
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
    const set = JSON.stringify({ keys: [pair.publicJwk] })
    for (const body of ['', 'null', '7', '"keys"', set.slice(1), set.replace('{', '{"keys":[],'), `${set} ${set}`]) {
      expect(await problemWith(keysPath, text(body))).toContain('must answer a JSON object')
    }
  })
})
