import type { ErrorCode } from '../errors.js'

/** Why a token is refused, as a value: making an error with its stack would cost more than the check. */
export interface Refusal {
  readonly refused: Extract<ErrorCode, 'token_invalid' | 'token_expired' | 'token_revoked'>
  /** One sentence: what was expected. Holds nothing of the token. */
  readonly reason: string
  readonly claim?: string
}
