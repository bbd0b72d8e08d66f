import type { ErrorCode } from '../errors.js'

/** Why a token is refused, as a value: making an error with its stack would cost more than the check. */
export interface Refusal {
  /** `busy`: the keys of another issuer are being read because of such a token. */
  readonly refused: Extract<ErrorCode, 'token_invalid' | 'token_expired' | 'token_revoked' | 'busy'>
  /** One sentence: what was expected. Holds nothing of the token. */
  readonly reason: string
  readonly claim?: string
}

export function refuse(reason: string): Refusal {
  return Object.freeze({ refused: 'token_invalid', reason })
}

export function refuseClaim(claim: string, reason: string): Refusal {
  return Object.freeze({ refused: 'token_invalid', claim, reason })
}

export const malformed = refuse(
  'The token must be three parts in canonical base64url, at most 8,192 characters together',
)
export const unknownKey = refuse(
  'The token must be signed by a key that this service trusts, with the algorithm of that key',
)
export const wrongSignature = refuse('The signature must be that of the key the token names')
export const wrongPayload = refuse('The payload must be a JSON object, strictly written')
