import { createHash } from 'node:crypto'
import { LatchkeyError } from 'latchkey'
import type { LimitSettings } from '../config.js'
import type { Store } from '../store/store.js'
import type { Counted, Counters } from './counters.js'
import { isKnownPrefix, type TriedAccount } from './known-prefixes.js'

/** Who tries a secret. */
export interface Trier {
  /** Undefined where nobody knows it: then nothing is counted by it. */
  readonly addressPrefix: string | undefined
  /** Whose secret it is, where it is one that people choose; undefined for what nobody can guess. */
  readonly account?: TriedAccount | undefined
}

/** How many secrets may be tried. */
export interface Attempts {
  /**
   * Runs what verifies a secret. Only secrets that turn out wrong (`auth_failed`) count. While others run, whose outcome is not
   * known, no more run than could all be wrong.
   * @throws LatchkeyError `too_many_requests`, without running it; and whatever `work` throws.
   */
  run<Result>(trier: Trier, work: () => Promise<Result>): Promise<Result>
}

const seconds = 600

/** Makes the limits of attempts. */
export function createAttempts(parts: {
  readonly store: Store
  readonly counters: Counters
  readonly limits: Omit<LimitSettings, 'registrationsPerPrefix'>
}): Attempts {
  const { store, counters, limits } = parts

  async function countedFor({ addressPrefix, account }: Trier): Promise<Counted[]> {
    const name = account && ('uid' in account ? ['uid', account.uid] : [account.clientType, account.account])
    const isKnown = account && addressPrefix ? await isKnownPrefix(store, account, addressPrefix) : false
    const all: (Counted & { readonly counts: boolean })[] = [
      {
        ...{ limit: 'account-and-prefix', places: limits.perAccountAndPrefix, seconds },
        ...{ key: keyOf('account-and-prefix', name, addressPrefix), counts: Boolean(name && addressPrefix) },
      },
      {
        ...{ limit: 'prefix', places: limits.perPrefix, seconds },
        ...{ key: keyOf('prefix', addressPrefix), counts: addressPrefix !== undefined },
      },
      {
        ...{ limit: 'account', places: limits.perAccount, seconds },
        ...{ key: keyOf('account', name), counts: name !== undefined && !isKnown },
      },
    ]
    return all.filter(({ counts, places }) => counts && places > 0)
  }

  return Object.freeze({
    async run<Result>(trier: Trier, work: () => Promise<Result>): Promise<Result> {
      const taken = await counters.take(await countedFor(trier))
      let failed = false
      try {
        return await work()
      } catch (error) {
        failed = error instanceof LatchkeyError && error.code === 'auth_failed'
        throw error
      } finally {
        await taken.end(failed)
      }
    },
  })
}

/** Hashed: people type passwords where accounts belong. */
function keyOf(...parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22)
}
