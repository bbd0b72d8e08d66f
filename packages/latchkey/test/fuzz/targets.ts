/** What the fuzzer attacks: for each algorithm a key, tokens it really signed, and all that the world may know of it. */
import { createPublicKey } from 'node:crypto'
import { importJWK, type JWTVerifyOptions, jwtVerify } from 'jose'
import { type Algorithm, createSigner, createVerifier, type Key, type Verifier } from 'latchkey/token'
import { all, audience, clock, headerOf, issuer, keys, now, type RawSign, rawSigner } from '../fixtures.js'

export interface Mutant {
  readonly kind: string
  readonly token: string
  /** `as jose`: whatever we accept, jose must accept. */
  readonly expected: 'refused' | 'accepted' | 'as jose'
}

export interface Target {
  readonly alg: Algorithm
  readonly key: Key
  readonly header: { readonly alg: string; readonly kid: string; readonly typ: string }
  readonly tokens: readonly string[]
  readonly sign: RawSign
  /** Texts that anyone could take for the secret of an HMAC. */
  readonly published: readonly (string | Uint8Array)[]
  /** The keys that the same verifier trusts, this one among them. */
  readonly siblings: readonly Target[]
  readonly cached: Verifier
  readonly uncached: Verifier
  /** Whether jose accepts the token under the same rules. */
  joseAccepts(token: string): Promise<boolean>
}

export const joseRules: JWTVerifyOptions = {
  issuer,
  audience,
  typ: 'at+jwt',
  requiredClaims: [
    'iss',
    'aud',
    'sub',
    'client_id',
    'iat',
    'exp',
    'auth_time',
    'jti',
    'sid',
    'gen',
    'scope',
    'client_type',
  ],
  clockTolerance: 0,
  currentDate: new Date(now * 1000),
}

/** One for each key. Secrets trust one another, and so do key pairs. */
export async function createTargets(given: readonly Key[] = all.map((alg) => keys[alg])): Promise<readonly Target[]> {
  const groups = [given.filter(({ symmetric }) => symmetric), given.filter(({ symmetric }) => !symmetric)]
  return (await Promise.all(groups.map(createGroup))).flat()
}

async function createGroup(group: readonly Key[]): Promise<readonly Target[]> {
  const siblings: Target[] = []
  const options = { keys: group, issuer, audience, clock }
  const shared = {
    cached: createVerifier(options),
    uncached: createVerifier({ ...options, cacheEntries: 0 }),
    siblings,
  }
  const joseKeys = await Promise.all(
    group.map(async (key) => [key.kid, await importJWK(verifyingJwk(key), key.alg)] as const),
  )
  const joseKeyByKid = new Map(joseKeys)
  const joseAccepts = (token: string) =>
    jwtVerify(token, ({ kid }) => joseKeyByKid.get(kid as string) as CryptoKey, {
      ...joseRules,
      algorithms: group.map(({ alg }) => alg),
    }).then(
      () => true,
      () => false,
    )
  for (const key of group) {
    const { alg } = key
    const { issue } = createSigner({ key, issuer, audience: [audience], ttlSeconds: 7200, clock })
    const subject = { clientType: 100, scopes: ['order:*'], sid: 'A'.repeat(22) }
    const tokens = Array.from({ length: 40 }, (_, i) => issue({ ...subject, uid: `user-${i}`, gen: i }))
    const target = { ...shared, alg, key, header: headerOf(key), tokens, sign: rawSigner(key), joseAccepts }
    siblings.push({ ...target, published: publishedTexts(key) })
  }
  return siblings
}

export function verifyingJwk(key: Key) {
  const { kty, crv, x, y, k } = key.symmetric ? key.toPrivateJwk() : key.toPublicJwk()
  return JSON.parse(JSON.stringify({ kty, crv, x, y, k }))
}

/** Whatever an attacker can read of a key, as text or bytes. */
export function publishedTexts(key: Key): readonly (string | Uint8Array)[] {
  const common = ['', '\0', 'secret', key.kid, JSON.stringify(headerOf(key)), issuer]
  if (key.symmetric) return common
  const jwk = key.toPublicJwk()
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const der = publicKey.export({ format: 'der', type: 'spki' })
  const prefixes = ['', ' ', '\n', '\t', '\0', 'x', '\r\n', '\ufeff', '\v', '\f', '\u00a0']
  return [
    ...common,
    ...prefixes.map((prefix) => prefix + pem),
    ...[
      pem.trim(),
      pem.replaceAll('\n', ''),
      pem.replaceAll('\n', '\r\n'),
      der,
      der.toString('base64'),
      der.toString('hex'),
    ],
    ...[JSON.stringify(jwk), JSON.stringify({ keys: [jwk] }), JSON.stringify(jwk, null, 2)],
    ...[jwk.x as string, Buffer.from(jwk.x as string, 'base64url')],
  ]
}
