/** A second reading of access tokens, written plainly from the rules and with node:crypto alone: which rule is against a token. */
import { createHmac, createPublicKey, createSecretKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import type { Jwk } from 'latchkey/token'
import { readPlainly } from './read-json.js'

export interface PlainKey {
  readonly alg: string
  readonly kid: string
  readonly key: KeyObject
}

export interface PlainRules {
  readonly keys: readonly PlainKey[]
  readonly issuer: string
  readonly audience: string
  /** In seconds. */
  readonly now: number
}

export type Rule =
  | 'length'
  | 'three parts'
  | 'base64url'
  | 'header: JSON'
  | 'header: strict JSON'
  | 'header: other members'
  | 'header: typ'
  | 'key'
  | 'signature'
  | 'payload: JSON'
  | 'payload: strict JSON'
  | 'claim missing'
  | 'claim of another type'
  | 'issuer'
  | 'audience'
  | 'lifetime'
  | 'scope'
  | 'issued in the future'
  | 'not valid yet'
  | 'expired'

export function plainKey(jwk: Jwk): PlainKey {
  const { alg, kid, kty, crv, x, y, k } = jwk
  const key =
    kty === 'oct'
      ? createSecretKey(Buffer.from(k as string, 'base64url'))
      : createPublicKey({ key: JSON.parse(JSON.stringify({ kty, crv, x, y })), format: 'jwk' })
  return { alg: alg as string, kid: kid as string, key }
}

/** Whether the text is base64url, without padding, and what its bytes are written as. */
export function isPlainBase64url(text: string): boolean {
  return /^[A-Za-z0-9_-]*$/.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text
}

/** Whether `signature` is that of `text` by the key. */
export function isSignedBy({ alg, key }: PlainKey, text: string, signature: Uint8Array): boolean {
  if (alg.startsWith('HS')) {
    const right = createHmac(alg.replace('HS', 'sha'), key).update(text).digest()
    return right.length === signature.length && timingSafeEqual(right, signature)
  }
  const given = alg === 'ES256' ? ({ key, dsaEncoding: 'ieee-p1363' } as const) : key
  return signature.length === 64 && verify(alg === 'ES256' ? 'sha256' : null, Buffer.from(text), given, signature)
}

/** The rule that is first against the token; undefined when there is none. */
export function ruleAgainst(token: string, rules: PlainRules): Rule | undefined {
  if (token.length > 8192) return 'length'
  const parts = token.split('.')
  const [header, payload, signature] = parts as [string, string, string]
  if (parts.length !== 3 || header === '' || signature === '') return 'three parts'
  if (!parts.every(isPlainBase64url)) return 'base64url'
  const headerBytes = Buffer.from(header, 'base64url')
  const members = objectOf(headerBytes)
  if (members === undefined) return isJsonObject(headerBytes) ? 'header: strict JSON' : 'header: JSON'
  if (Object.keys(members).some((name) => !['alg', 'kid', 'typ'].includes(name))) return 'header: other members'
  if (members.typ !== 'at+jwt') return 'header: typ'
  const key = rules.keys.find(({ alg, kid }) => alg === members.alg && kid === members.kid)
  if (key === undefined) return 'key'
  if (!isSignedBy(key, `${header}.${payload}`, Buffer.from(signature, 'base64url'))) return 'signature'
  const payloadBytes = Buffer.from(payload, 'base64url')
  const claims = objectOf(payloadBytes)
  if (claims === undefined) return isJsonObject(payloadBytes) ? 'payload: strict JSON' : 'payload: JSON'
  return shapeAgainst(claims) ?? valueAgainst(claims, rules)
}

type Members = Readonly<Record<string, unknown>>

function objectOf(bytes: Uint8Array): Members | undefined {
  const value = readPlainly(bytes)?.value
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
}

/** As a parser that is not strict sees it. */
function isJsonObject(bytes: Uint8Array): boolean {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

const moments = ['iat', 'exp', 'auth_time']
const counters = ['gen', 'client_type']
const randoms = ['jti', 'sid']
const texts = ['iss', 'sub', 'client_id']
const isWhole = (value: unknown, most: number) =>
  typeof value === 'number' && Math.floor(value) === value && value >= 0 && value <= most
const isText = (value: unknown) => typeof value === 'string' && value.length > 0

function shapeAgainst(claims: Members): Rule | undefined {
  const needed = [...texts, 'aud', ...moments, ...randoms, ...counters, 'scope']
  if (!needed.every((name) => Object.hasOwn(claims, name))) return 'claim missing'
  const { aud, scope, nbf } = claims
  const isRight =
    texts.every((name) => isText(claims[name])) &&
    (isText(aud) || (Array.isArray(aud) && aud.length > 0 && aud.every(isText))) &&
    moments.every((name) => isWhole(claims[name], Number.MAX_SAFE_INTEGER)) &&
    (nbf === undefined || isWhole(nbf, Number.MAX_SAFE_INTEGER)) &&
    randoms.every((name) => /^[A-Za-z0-9_-]{21}[AQgw]$/.test(String(claims[name])) && isText(claims[name])) &&
    counters.every((name) => isWhole(claims[name], 2 ** 31 - 2)) &&
    typeof scope === 'string'
  return isRight ? undefined : 'claim of another type'
}

/** Claims whose types are known. */
interface Claims {
  readonly iss: string
  readonly aud: string | readonly string[]
  readonly scope: string
  readonly iat: number
  readonly exp: number
  readonly nbf?: number
}

function valueAgainst(claims: Members, { issuer, audience, now }: PlainRules): Rule | undefined {
  const { iss, aud, scope, iat, exp, nbf = 0 } = claims as unknown as Claims
  if (iss !== issuer) return 'issuer'
  if (![aud].flat().includes(audience)) return 'audience'
  if (exp - iat > 30 * 86_400) return 'lifetime'
  if (scope !== '' && !scope.split(' ').every(isScope)) return 'scope'
  if (iat > now + 60) return 'issued in the future'
  if (nbf > now) return 'not valid yet'
  return now < exp ? undefined : 'expired'
}

function isScope(entry: string): boolean {
  const pattern = entry.replace(/^!/, '')
  const [resource = '', action = '', ...rest] = pattern.split(':')
  const isPart = (part: string) => part === '*' || /^[A-Za-z0-9_.-]+$/.test(part)
  return (
    pattern.length <= 128 &&
    isPart(resource) &&
    isPart(action) &&
    ['', 'any'].includes(rest.join(':')) &&
    rest[0] !== ''
  )
}
