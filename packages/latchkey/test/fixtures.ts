/** Keys, claims and a second, independent way to sign, for tests that attack the token core. */
import { createHmac, createPrivateKey, sign } from 'node:crypto'
import { LatchkeyError } from 'latchkey'
import { type Algorithm, generateKey, type Key, type Verifier } from 'latchkey/token'

export const all = ['EdDSA', 'ES256', 'HS256', 'HS384', 'HS512'] as const satisfies readonly Algorithm[]
export const issuer = 'https://id.example'
export const audience = 'orders'
/** In seconds. */
export const now = 1_800_000_000
export const clock = () => now * 1000
export const sid = `${'s'.repeat(21)}A`

export const claims = {
  ...{
    iss: issuer,
    aud: [audience, 'bills'],
    sub: '7',
    client_id: 'latchkey',
    iat: now,
    exp: now + 7200,
    auth_time: now,
  },
  ...{ jti: `${'j'.repeat(21)}A`, sid, gen: 3, scope: 'order:* !order:cancel', client_type: 100 },
}

export const keys: Readonly<Record<Algorithm, Key>> = {
  EdDSA: generateKey('EdDSA'),
  ES256: generateKey('ES256'),
  HS256: generateKey('HS256'),
  HS384: generateKey('HS384'),
  HS512: generateKey('HS512'),
}

export function headerOf(key: Key): { alg: string; kid: string; typ: string } {
  return { alg: key.alg, kid: key.kid, typ: 'at+jwt' }
}

export type RawSign = (header: string | Uint8Array, payload: string | Uint8Array) => string

/** Signs whatever it is given, as an issuer gone wrong would, with `node:crypto` alone. */
export function rawSigner(key: Key): RawSign {
  const signature = textSigner(key)
  return (header, payload) => {
    const input = `${encode(header)}.${encode(payload)}`
    return `${input}.${signature(input)}`
  }
}

/** The signature over any text. */
export function textSigner(key: Key): (input: string) => string {
  const jwk = key.toPrivateJwk()
  if (key.symmetric) return hmacSigner(key.alg, Buffer.from(jwk.k as string, 'base64url'))
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  const hash = key.alg === 'ES256' ? 'sha256' : null
  return (input) => sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}

/** The signature by any secret, also one no key may have. */
export function hmacSigner(alg: string, secret: Uint8Array | string): (input: string) => string {
  return (input) => createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url')
}

export function encode(part: string | Uint8Array): string {
  return Buffer.from(part as string).toString('base64url')
}

/** Asks until the verifier has it in its cache, and sees that it has. */
export function remember({ verify }: Pick<Verifier, 'verify'>, token: string): void {
  verify(token)
  const kept = verify(token)
  if (verify(token) !== kept) throw new Error('The token is not in the cache')
}

/** The code of the refusal; undefined when `attempt` succeeds. Any other exception is thrown on. */
export function refusalOf(attempt: () => unknown): string | undefined {
  try {
    attempt()
  } catch (error) {
    if (error instanceof LatchkeyError) return error.code
    throw error
  }
  return undefined
}
