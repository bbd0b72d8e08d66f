import { createSigner, type Key, type Signer, type TokenSubject } from 'latchkey/token'
import type { SigningKeys } from '../signing-keys/signing-keys.js'

export interface AccessTokenIssuer {
  /** The issuer's name, and then every audience that is configured beside it. */
  readonly audience: readonly string[]
  readonly ttlSeconds: number
  /**
   * Signs with the key of the moment `now` (epoch seconds).
   * @throws LatchkeyError `busy` when no key may sign.
   */
  issue(subject: TokenSubject, now: number): string
}

export interface AccessTokenIssuerOptions {
  readonly signingKeys: SigningKeys
  readonly issuer: string
  readonly audiences: readonly string[]
  /** 1 to 2,592,000 (30 days). */
  readonly accessTtlSeconds: number
  /** Milliseconds since the epoch; the same clock as the store's. */
  readonly clock: () => number
}

/** Makes the issuer of access tokens; it keeps one signer for each key that signs. */
export function createAccessTokenIssuer(options: AccessTokenIssuerOptions): AccessTokenIssuer {
  const { signingKeys, issuer, accessTtlSeconds: ttlSeconds, clock } = options
  const audience = Object.freeze([...new Set([issuer, ...options.audiences])])
  let current: { readonly key: Key; readonly signer: Signer } | undefined
  return Object.freeze({
    audience,
    ttlSeconds,
    issue(subject: TokenSubject, now: number) {
      const key = signingKeys.signingKey(now)
      if (current?.key !== key) current = { key, signer: createSigner({ key, issuer, audience, ttlSeconds, clock }) }
      return current.signer.issue(subject)
    },
  })
}
