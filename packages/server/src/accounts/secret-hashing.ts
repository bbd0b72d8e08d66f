import { LatchkeyError } from 'latchkey'
import type { SecretCheck, SecretHashing, StoredSecret } from '../client-types/client-type.js'
import { maxSecretBytes } from '../client-types/password-rule.js'
import {
  type Argon2Cost,
  dummyHash,
  formOf,
  hashArgon2id,
  readCost,
  recommendedCost,
  verifyArgon2id,
} from './argon2id.js'
import type { HashingQueue } from './hashing-queue.js'

export interface SecretHashingOptions {
  readonly queue: HashingQueue
  /** Of new hashes; default OWASP's. */
  readonly cost?: Argon2Cost
}

/** Hashes and checks secrets with argon2id, in the queue. Secrets are taken as UTF-8, exactly as they came. */
export function createSecretHashing(options: SecretHashingOptions): SecretHashing {
  const { queue, cost = recommendedCost } = options
  const dummy = dummyHash(cost)

  async function hash(secret: string): Promise<StoredSecret> {
    const bytes = secretBytes(secret)
    const { result } = await queue.run(() => hashArgon2id(bytes, cost))
    return { hash: result, form: formOf(cost) }
  }

  async function check(secret: string, stored: string | undefined): Promise<SecretCheck> {
    const bytes = secretBytes(secret)
    // A hash that cannot be checked must cost what the others do.
    const storedCost = stored === undefined ? undefined : readCost(stored)
    const target = stored !== undefined && storedCost !== undefined ? stored : dummy
    const { result, startedAtMs } = await queue.run(() => verifyArgon2id(target, bytes))
    const right = result && target !== dummy
    return { right, outdated: right && storedCost !== undefined && isCheaper(storedCost, cost), startedAtMs }
  }

  return Object.freeze({ hash, check, expectRoom: queue.expectRoom })
}

function secretBytes(secret: string): Uint8Array {
  // A unit is three bytes at most, so the length alone refuses most of what is too long.
  const bytes = secret.length > maxSecretBytes ? undefined : Buffer.from(secret)
  if (bytes === undefined || bytes.length > maxSecretBytes) {
    throw new LatchkeyError('parameter_invalid', { msg: { secret: [`must be at most ${maxSecretBytes} bytes long`] } })
  }
  return bytes
}

function isCheaper(stored: Argon2Cost, wanted: Argon2Cost): boolean {
  return stored.memoryKib < wanted.memoryKib || stored.passes < wanted.passes
}
