/** `latchkey probe` finds each hole of applications that are broken on purpose, and nothing at their correct routes. */
import { createHmac, createPublicKey } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import * as jose from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Issuer, serveApp, startIssuer } from './probe/issuer.js'
import { describeApi, notHeld, runProbe, triedGroups, unproved } from './probe/run-probe.js'
import { temporaryFolder } from './server.js'

const folder = temporaryFolder()
let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer('RS256')
})

type Claims = Record<string, unknown>
type Guard = (token: string) => Claims | undefined | Promise<Claims | undefined>

/** The guard as it should be. */
const correct: Guard = async (token) => {
  try {
    const options = { issuer: issuer.url, audience: 'orders', algorithms: ['RS256'] }
    return (await jose.jwtVerify(token, issuer.keySet, options)).payload as Claims
  } catch {
    return undefined
  }
}
const readPart = (token: string, part: number): Claims => {
  try {
    return Object(JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString()))
  } catch {
    return {}
  }
}
const tokenOf = ({ headers }: IncomingMessage) => /^Bearer +([^ ]+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
const answer = (response: ServerResponse, status: number) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end('{}')

/** `/good` behind the correct guard, `/bad` behind another one; each asks for order:read. */
const withGuard = (guard: Guard): RequestListener =>
  async function app(request, response) {
    const { pathname } = new URL(`http://localhost${request.url}`)
    if (pathname !== '/good' && pathname !== '/bad') return answer(response, 404)
    const claims = await (pathname === '/good' ? correct : guard)(tokenOf(request))
    if (claims === undefined) return answer(response, 401)
    const isAllowed = String(claims.scope).split(' ').includes('order:read')
    return answer(response, !isAllowed ? 403 : request.method === 'POST' ? 422 : 200)
  }
const description = describeApi({ 'GET /good': ['order:read'], 'GET /bad': ['order:read'] })

async function holes(app: RequestListener, words: string[] = [], document = description): Promise<string[]> {
  const { report, code } = await runProbe(folder, await serveApp(app), document, await issuer.token(), ...words)
  expect(unproved(report)).toEqual([])
  expect(code).toBe(report.findings.some(({ outcome }) => outcome === 'open') ? 1 : 0)
  return notHeld(report)
}

it('finds nothing where both routes have the correct guard, with every group tried', async () => {
  const low = await issuer.token({ scope: 'order:write' })
  const expired = await issuer.token({}, 1_000_000_000)
  const other = await issuer.token({ aud: 'invoices' })
  const words = ['--low-token', low, '--expired-token', expired, '--other-audience-token', other]
  const url = await serveApp(withGuard(correct))
  const { report, code, error } = await runProbe(folder, url, description, await issuer.token(), ...words)
  expect([code, error, report.findings, notHeld(report), unproved(report)]).toEqual([0, '', [], [], []])
  expect(triedGroups(report)).toEqual([
    'none',
    'empty',
    'tampered',
    'unsigned',
    'confusion',
    'foreign key',
    'expired',
    'audience',
    'scope',
    'path',
    'method',
  ])
})

describe('finds', () => {
  it('a route without a guard', async () => {
    const app: RequestListener = (request, response) =>
      request.url === '/bad' ? answer(response, 200) : withGuard(correct)(request, response)
    expect(await holes(app)).toEqual(['GET /bad: none open'])
  })

  it('a guard that takes any credential at all', async () => {
    const app: RequestListener = (request, response) =>
      request.url === '/bad'
        ? answer(response, request.headers.authorization === undefined ? 401 : 200)
        : withGuard(correct)(request, response)
    expect(await holes(app)).toEqual(
      ['empty', 'tampered', 'unsigned', 'confusion', 'foreign key'].map((group) => `GET /bad: ${group} open`),
    )
  })

  it('a scope that is read of an unverified token', async () => {
    const decode: Guard = (token) => {
      const claims = readPart(token, 1)
      return claims.scope === undefined ? undefined : claims
    }
    expect(await holes(withGuard(decode))).toEqual(
      ['tampered', 'unsigned', 'confusion', 'foreign key'].map((group) => `GET /bad: ${group} open`),
    )
  })

  it('jsonwebtoken.decode in the place of verify', async () => {
    const { decode } = createRequire(import.meta.url)('jsonwebtoken') as { decode(token: string): Claims | null }
    expect(await holes(withGuard((token) => decode(token) ?? undefined))).toEqual(
      ['tampered', 'unsigned', 'confusion', 'foreign key'].map((group) => `GET /bad: ${group} open`),
    )
  })

  it.each(['none', 'None', 'NONE', 'nOnE'])('alg %s, taken with any signature', async (alg) => {
    const guard: Guard = (token) => (readPart(token, 0).alg === alg ? readPart(token, 1) : correct(token))
    expect(await holes(withGuard(guard))).toEqual(['GET /bad: unsigned open'])
  })

  it('alg none, taken without a signature alone', async () => {
    const guard: Guard = (token) =>
      readPart(token, 0).alg === 'none' && token.endsWith('.') ? readPart(token, 1) : correct(token)
    expect(await holes(withGuard(guard))).toEqual(['GET /bad: unsigned open'])
  })

  it.each<[string, () => string | Buffer | Promise<string>]>([
    ['PEM', () => `${issuer.publicPem.trim()}\n`],
    ['PEM without its last line end', () => issuer.publicPem.trim()],
    ['DER', () => createPublicKey(issuer.publicPem).export({ type: 'spki', format: 'der' })],
    ['the key set', async () => (await fetch(`${issuer.url}/keys`)).text()],
  ])('the public key taken as a secret, as %s', async (_form, read) => {
    const secret = await read()
    const guard: Guard = (token) => {
      if (readPart(token, 0).alg !== 'HS256') return correct(token)
      const input = token.slice(0, token.lastIndexOf('.'))
      const isRight = token === `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
      return isRight ? readPart(token, 1) : undefined
    }
    expect(await holes(withGuard(guard))).toEqual(['GET /bad: confusion open'])
  })

  it('a key that the token brings along', async () => {
    const guard: Guard = async (token) => {
      const { jwk } = readPart(token, 0)
      if (jwk === undefined) return correct(token)
      return (await jose.jwtVerify(token, await jose.importJWK(jwk as jose.JWK, 'RS256'))).payload as Claims
    }
    expect(await holes(withGuard(guard))).toEqual(['GET /bad: foreign key open'])
  })

  it('a key that is fetched from where the token says, and says that it was fetched', async () => {
    const guard: Guard = async (token) => {
      const { jku } = readPart(token, 0)
      if (typeof jku !== 'string') return correct(token)
      return (await jose.jwtVerify(token, jose.createRemoteJWKSet(new URL(jku)))).payload as Claims
    }
    const url = await serveApp(withGuard(guard))
    const { report } = await runProbe(folder, url, description, await issuer.token())
    expect(notHeld(report)).toEqual(['GET /bad: foreign key open'])
    expect(report.findings.map(({ operation, outcome }) => [operation, outcome])).toEqual([
      [undefined, 'warned'],
      ['GET /bad', 'open'],
    ])
  })

  it('a kid that is used as the name of a file', async () => {
    const guard: Guard = (token) => {
      if (readPart(token, 0).kid !== '/dev/null') return correct(token)
      const input = token.slice(0, token.lastIndexOf('.'))
      const isRight = token === `${input}.${createHmac('sha256', '').update(input).digest('base64url')}`
      return isRight ? readPart(token, 1) : undefined
    }
    expect(await holes(withGuard(guard))).toEqual(['GET /bad: foreign key open'])
  })

  it('a guard by the prefix of the path, which other spellings walk around', async () => {
    const app: RequestListener = async (request, response) => {
      const path = request.url as string
      // The router is more generous than the guard.
      const routed = decodeURIComponent(path).replace(/\/+/g, '/').toLowerCase()
      if (path.startsWith('/bad') && (await correct(tokenOf(request))) === undefined) return answer(response, 401)
      return routed === '/bad' ? answer(response, 200) : withGuard(correct)(request, response)
    }
    const url = await serveApp(app)
    const { report } = await runProbe(folder, url, description, await issuer.token())
    expect(notHeld(report)).toEqual(['GET /bad: path open'])
    expect(report.findings.map(({ tricks }) => tricks)).toEqual([
      ['first letter escaped', 'last letter escaped', 'two slashes in front', 'capitals', 'an escaped slash in front'],
    ])
  })

  it('HEAD that is let through', async () => {
    const app: RequestListener = (request, response) =>
      request.method === 'HEAD' && request.url === '/bad'
        ? answer(response, 200)
        : withGuard(correct)(request, response)
    expect(await holes(app)).toEqual(['GET /bad: method open'])
  })

  it('a method that a header names', async () => {
    const app: RequestListener = (request, response) =>
      request.url === '/bad' && request.headers['x-http-method-override'] === 'GET'
        ? answer(response, 200)
        : withGuard(correct)(request, response)
    expect(await holes(app)).toEqual(['GET /bad: method open'])
  })

  it('expired tokens that are let in, and those for another audience', async () => {
    const lax: Guard = async (token) => {
      try {
        const { payload } = await jose.jwtVerify(token, issuer.keySet, { currentDate: new Date(1_000_000_000_000 - 1) })
        return payload as Claims
      } catch {
        return correct(token)
      }
    }
    const expired = await issuer.token({}, 1_000_000_000)
    const other = await issuer.token({ aud: 'invoices' })
    expect(await holes(withGuard(lax))).toEqual([])
    const given = ['--expired-token', expired, '--other-audience-token', other]
    expect(await holes(withGuard(lax), given)).toEqual(['GET /bad: expired open', 'GET /bad: audience open'])
  })

  it('a token that lacks the scope', async () => {
    const guard: Guard = async (token) => {
      const claims = await correct(token)
      return claims && { scope: 'order:read' }
    }
    const low = await issuer.token({ scope: 'order:write' })
    expect(await holes(withGuard(guard), ['--low-token', low])).toEqual(['GET /bad: scope open'])
  })

  it('an operation that breaks, which is no hole', async () => {
    const guard: Guard = (token) => correct(token)
    const app: RequestListener = (request, response) => {
      const isUnsigned = readPart(tokenOf(request), 0).alg === 'none'
      return request.url === '/bad' && isUnsigned ? answer(response, 500) : withGuard(guard)(request, response)
    }
    expect(await holes(app)).toEqual(['GET /bad: unsigned broke'])
  })

  it('a forged token at POST, by an answer that comes after the guard', async () => {
    const guard: Guard = (token) => (readPart(token, 0).alg === 'none' ? readPart(token, 1) : correct(token))
    const document = describeApi({ 'POST /good': ['order:read'], 'POST /bad': ['order:read'] })
    expect(await holes(withGuard(guard), [], document)).toEqual(['POST /bad: unsigned open'])
  })

  it('a published secret, and what it forges', async () => {
    const key = new TextEncoder().encode('your-256-bit-secret')
    const guard: Guard = async (token) => {
      try {
        return (await jose.jwtVerify(token, key, { algorithms: ['HS256'] })).payload as Claims
      } catch {
        return undefined
      }
    }
    const app: RequestListener = async (request, response) =>
      answer(response, (await guard(tokenOf(request))) === undefined ? 401 : 200)
    const token = await new jose.SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'HS256' }).sign(key)
    const { report, code, out } = await runProbe(folder, await serveApp(app), describeApi({ 'GET /bad': [] }), token)
    expect([code, notHeld(report)]).toEqual([1, ['GET /bad: weak secret open']])
    expect(report.findings[0]).toMatchObject({ group: 'weak secret', outcome: 'open' })
    expect(out).not.toContain('your-256-bit-secret')
  })
})
