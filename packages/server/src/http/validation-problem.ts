import { LatchkeyError } from 'latchkey'

/** What is read of a fault that a schema found. */
interface Fault {
  readonly code: string
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly keys?: readonly string[]
}

/** Nobody reads more than this; a body of 64 KiB could ask for thousands. */
const maxFields = 20
const maxReasons = 3

/** Turns what a schema found into `parameter_invalid`: reasons by field, none of which holds the value. */
export function validationProblem(faults: readonly Fault[]): LatchkeyError {
  const reasons = new Map<string, Set<string>>()
  const add = (field: string, reason: string) => {
    const known = reasons.get(field)
    if (known === undefined) reasons.set(field, new Set([reason]))
    else if (known.size < maxReasons) known.add(reason)
  }
  for (const { code, path, message, keys } of faults) {
    if (code === 'unrecognized_keys') for (const key of keys ?? []) add(printable(key), 'is not known here')
    else add(path.length === 0 ? 'body' : String(path[0]), message)
  }
  return new LatchkeyError('parameter_invalid', {
    msg: Object.fromEntries([...reasons].slice(0, maxFields).map(([field, list]) => [field, [...list]])),
    detail: 'The request holds what was not expected, or lacks what was: see msg',
  })
}

function printable(key: string): string {
  return key.replace(/[^\x20-\x7e]/g, '?').slice(0, 64) || 'body'
}
