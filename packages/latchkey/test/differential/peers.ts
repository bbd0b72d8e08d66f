/** The libraries that ours is compared with, each set up as a careful user would: algorithms, issuer, audience, type and claims said. */
import { createPublicKey } from 'node:crypto'
import { createVerifier as createFastVerifier } from 'fast-jwt'
import { importJWK, jwtVerify } from 'jose'
import type { Key } from 'latchkey/token'
import { audience, issuer, now } from '../fixtures.js'
import { joseRules, verifyingJwk } from '../fuzz/targets.js'

export const peerNames = ['jose', 'fast-jwt'] as const
export type PeerName = (typeof peerNames)[number]

/** Undefined when the token is accepted, else the code of the refusal. */
export type Peer = (token: string) => Promise<string | undefined>

/** Each with the same keys, found by `kid`. */
export async function createPeers(keys: readonly Key[]): Promise<Readonly<Record<PeerName, Peer>>> {
  return { jose: await createJose(keys), 'fast-jwt': createFast(keys) }
}

async function createJose(keys: readonly Key[]): Promise<Peer> {
  const imported = await Promise.all(
    keys.map(async (key) => [key.kid, await importJWK(verifyingJwk(key), key.alg)] as const),
  )
  const byKid = new Map(imported)
  const options = { ...joseRules, algorithms: keys.map(({ alg }) => alg) }
  return async (token) => {
    try {
      await jwtVerify(token, ({ kid }) => byKid.get(kid as string) as CryptoKey, options)
      return undefined
    } catch (error) {
      return codeOf(error)
    }
  }
}

function createFast(keys: readonly Key[]): Peer {
  const byKid = new Map(keys.map((key) => [key.kid, key.symmetric ? secretOf(key) : pemOf(key)]))
  const verify = createFastVerifier({
    key: async ({ header }: { header: Record<string, unknown> }) => byKid.get(header.kid as string) as string,
    algorithms: keys.map(({ alg }) => alg) as ('HS256' | 'EdDSA' | 'ES256')[],
    allowedIss: issuer,
    allowedAud: audience,
    requiredClaims: joseRules.requiredClaims as string[],
    checkTyp: 'at+jwt',
    clockTimestamp: now * 1000,
  })
  return async (token) => {
    try {
      await verify(token)
      return undefined
    } catch (error) {
      return codeOf(error)
    }
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code ?? error)
}

function secretOf(key: Key): Buffer {
  return Buffer.from(key.toPrivateJwk().k as string, 'base64url')
}

function pemOf(key: Key): string {
  return createPublicKey({ key: key.toPublicJwk(), format: 'jwk' }).export({ format: 'pem', type: 'spki' }).toString()
}
