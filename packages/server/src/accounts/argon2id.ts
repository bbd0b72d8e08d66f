import { randomBytes } from 'node:crypto'
import { runHashJob } from './hashing-threads.js'

/** What one hash costs (RFC 9106 section 3.1). */
export interface Argon2Cost {
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}

/** OWASP's recommendation for argon2id: 19 MiB, two passes, one lane. */
export const recommendedCost: Argon2Cost = Object.freeze({ memoryKib: 19_456, passes: 2, lanes: 1 })

/** A stored hash beyond these would stop the server for seconds; whoever wrote it in did not mean well. */
const limits: Argon2Cost = Object.freeze({ memoryKib: 262_144, passes: 16, lanes: 16 })
const maxKibPasses = 1_048_576

const encoded = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/

/** Hashes under a fresh salt; answers the encoded form, `$argon2id$v=19$m=...,t=...,p=...$salt$hash`. */
export async function hashArgon2id(secret: Uint8Array, cost: Argon2Cost): Promise<string> {
  // The library's default variant is argon2id, its default version 19.
  const options = { memoryCost: cost.memoryKib, timeCost: cost.passes, parallelism: cost.lanes }
  return (await runHashJob({ secret, options })) as string
}

/** Whether `stored` is the hash of `secret`. False for anything that `readCost` refuses, without hashing. */
export async function verifyArgon2id(stored: string, secret: Uint8Array): Promise<boolean> {
  return readCost(stored) !== undefined && (await runHashJob({ stored, secret })) === true
}

/** The cost of an encoded hash; undefined when it is no argon2id hash or dearer than this server pays. */
export function readCost(stored: string): Argon2Cost | undefined {
  const match = encoded.exec(stored)
  if (match === null) return undefined
  const [memoryKib, passes, lanes] = match.slice(1).map(Number) as [number, number, number]
  const cost = { memoryKib, passes, lanes }
  const payable =
    memoryKib >= 8 * lanes &&
    memoryKib <= limits.memoryKib &&
    passes >= 1 &&
    passes <= limits.passes &&
    lanes >= 1 &&
    lanes <= limits.lanes &&
    memoryKib * passes <= maxKibPasses
  return payable ? cost : undefined
}

/** An encoded hash that no secret has, of that cost: checking against it takes as long as against a real one. */
export function dummyHash(cost: Argon2Cost): string {
  const random = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '')
  return `$argon2id$v=19$m=${cost.memoryKib},t=${cost.passes},p=${cost.lanes}$${random(16)}$${random(32)}`
}

/** Kind and cost as one short text, `argon2id:19456:2:1`; what `identities.secret_form` holds. */
export function formOf(cost: Argon2Cost): string {
  return `argon2id:${cost.memoryKib}:${cost.passes}:${cost.lanes}`
}

/** The cost that a form names; undefined for a form of another kind. */
export function costOfForm(form: string): Argon2Cost | undefined {
  const match = /^argon2id:(\d{1,7}):(\d{1,3}):(\d{1,2})$/.exec(form)
  if (match === null) return undefined
  const [memoryKib, passes, lanes] = match.slice(1).map(Number) as [number, number, number]
  return { memoryKib, passes, lanes }
}
