import { LatchkeyError } from 'latchkey'
import type { Reasons } from './client-type.js'

/**
 * Refuses a form that has a fault: reasons by field, without those fields that have none.
 * @throws LatchkeyError `parameter_invalid`
 */
export function refuseFaults(reasons: Reasons): void {
  const faults = Object.entries(reasons).filter(([, sentences]) => sentences.length > 0)
  if (faults.length > 0) throw new LatchkeyError('parameter_invalid', { msg: Object.fromEntries(faults) })
}
