import { LatchkeyError } from 'latchkey'
import type { AccessTokenClaims, Verifier } from 'latchkey/token'

/** The claims of an access token that is good; undefined for every other text. */
export function claimsOf(verifier: Verifier, token: string): AccessTokenClaims | undefined {
  try {
    return verifier.verify(token).claims
  } catch (error) {
    if (error instanceof LatchkeyError && error.status === 401) return undefined
    throw error
  }
}
