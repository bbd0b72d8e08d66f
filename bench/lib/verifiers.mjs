/** Everybody who verifies tokens here, configured to check the same: signature, issuer, audience, time. */
import { createHmac, createPublicKey, createSecretKey, verify as verifySignature } from 'node:crypto'
import { createVerifier as createFastJwtVerifier } from 'fast-jwt'
import { importJWK, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { createRevocationList, createVerifier } from 'latchkey/token'
import { audience, issuer } from './tokens.mjs'

/** How many tokens those remember that have a cache. */
const cacheEntries = 250_000

/**
 * Each has `name`, and `verify(token)` that throws, or answers a promise that rejects (`isAsync`), for a bad one. With `cached`
 * those with a cache of verified tokens use it, and the others are left out.
 */
export async function createVerifiers(key, { cached }) {
  const { alg } = key
  const jwk = key.symmetric ? key.toPrivateJwk() : key.toPublicJwk()
  const secret = key.symmetric ? Buffer.from(jwk.k, 'base64url') : undefined
  const publicKey = key.symmetric ? undefined : createPublicKey({ key: jwk, format: 'jwk' })
  const material = secret ?? publicKey.export({ type: 'spki', format: 'pem' })
  const shared = { allowedIss: issuer, allowedAud: audience, algorithms: [alg] }
  const fastJwt = createFastJwtVerifier({ key: material, ...shared, cache: cached ? cacheEntries : false })
  const ours = createOurs(key, { cacheEntries: cached ? cacheEntries : 0 })
  const verifiers = [
    { name: cached ? 'latchkey' : 'latchkey, cache off', verify: ours.verify },
    { name: cached ? 'fast-jwt, its cache' : 'fast-jwt, cache off', verify: fastJwt },
  ]
  if (cached) return verifiers
  if (alg !== 'EdDSA') {
    const options = { algorithms: [alg], issuer, audience }
    // As a KeyObject, which it reads no more.
    const read = publicKey ?? createSecretKey(secret)
    verifiers.push({ name: 'jsonwebtoken', verify: (token) => jsonwebtoken.verify(token, read, options) })
  }
  const joseKey = await importJWK(jwk, alg)
  const options = { algorithms: [alg], issuer, audience, typ: 'at+jwt' }
  verifiers.push({ name: 'jose', isAsync: true, verify: (token) => jwtVerify(token, joseKey, options) })
  return verifiers
}

/** Ours, with a list of revocations as a service has it. */
export function createOurs(key, { cacheEntries, revocations = createRevocationList() }) {
  return createVerifier({ keys: [key], issuer, audience, revocations, cacheEntries })
}

/** The bare limit: the signature alone, in the quickest way through node:crypto that everybody writes. It reads no claim. */
export function createBareVerifier(key) {
  if (key.symmetric) {
    // As a KeyObject: Node 24 reads a Buffer anew each time.
    const secret = createSecretKey(Buffer.from(key.toPrivateJwk().k, 'base64url'))
    return {
      name: 'bare createHmac',
      verify(token) {
        const dot = token.lastIndexOf('.')
        const digest = createHmac('sha256', secret).update(token.slice(0, dot)).digest('base64url')
        if (digest !== token.slice(dot + 1)) throw new Error('wrong')
      },
    }
  }
  const publicKey = createPublicKey({ key: key.toPublicJwk(), format: 'jwk' })
  const checking = key.alg === 'ES256' ? { key: publicKey, dsaEncoding: 'ieee-p1363' } : publicKey
  const hash = key.alg === 'ES256' ? 'sha256' : null
  return {
    name: 'bare crypto.verify',
    verify(token) {
      const dot = token.lastIndexOf('.')
      const signature = Buffer.from(token.slice(dot + 1), 'base64url')
      if (!verifySignature(hash, Buffer.from(token.slice(0, dot)), checking, signature)) throw new Error('wrong')
    },
  }
}

/** Throws unless it accepts every good token and refuses every bad one. */
export async function expectRight({ name, verify }, good, bad) {
  for (const token of good) await verify(token)
  for (const [what, token] of Object.entries(bad)) {
    const accepted = await Promise.resolve()
      .then(() => verify(token))
      .then(
        () => true,
        () => false,
      )
    if (accepted) throw new Error(`${name} accepts a token with ${what}`)
  }
}

/** As a contestant of `measure`. */
export function asContestant({ name, verify, isAsync }, prepare) {
  const run = isAsync
    ? async (tokens) => {
        for (const token of tokens) await verify(token)
      }
    : (tokens) => {
        for (const token of tokens) verify(token)
      }
  return { name, prepare, run }
}
