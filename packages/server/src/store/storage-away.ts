import { LatchkeyError } from 'latchkey'

/** The refusal of a request whose storage cannot be reached, or does not answer in time: 503, and worth trying again. */
export function storageAway(cause: unknown): LatchkeyError {
  return new LatchkeyError('busy', { detail: 'the storage cannot serve at this moment', cause })
}
