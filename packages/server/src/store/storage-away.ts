import { LatchkeyError } from 'latchkey'

/**
 * Why the storage could not serve this once, though nothing is wrong with it: somebody else held what was needed, or all
 * connections were busy.
 */
export class StorageContended extends Error {}

/** The refusal of a request whose storage cannot be reached, or does not answer in time: 503, and worth trying again. */
export function storageAway(cause: unknown): LatchkeyError {
  return new LatchkeyError('busy', { detail: 'the storage cannot serve at this moment', cause })
}
