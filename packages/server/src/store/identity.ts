/** Whether the database is the one that it was: what comes back from a backup brings back what has been revoked since. */
import type { KyselyPlugin } from 'kysely'
import type { FeedRead } from './feed.js'
import { StartError } from './start-error.js'
import { storageAway } from './storage-away.js'
import type { Reading, Writing } from './store.js'

export const identityName = 'database'
/** Stands in an identity for the identifier of a cluster whose user may not read it. */
export const unknownSystem = 'unknown'
/** In a copy that `latchkey backup` made, and nowhere else. */
export const backupMarkName = 'backup_made_at'

export interface IdentityWatch {
  /** Compares what a read of the feed brought: the database may be replaced while a process runs. */
  heard(read: FeedRead): void
  /** @throws LatchkeyError `busy` while the database is another one. */
  check(): void
  /** Refuses every query meanwhile: what is read in another database may be as wrong as what is written into it. */
  readonly plugin: KyselyPlugin
  /** What the database says of itself now; undefined where it does not say. */
  current(): string | undefined
}

/** With `acceptsOther` another database is no hindrance: for the commands that say what has become of it. */
export function createIdentityWatch(acceptsOther: boolean): IdentityWatch {
  let current: string | undefined
  /** What it said to this process first: a dump that is being restored may not say yet what it was remembered as. */
  let first: string | undefined
  let isOther = false
  function check(): void {
    if (isOther && !acceptsOther) throw storageAway(otherDatabase())
  }
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      check()
      return node
    },
    // A prepared query was transformed long ago.
    async transformResult({ result }) {
      check()
      return result
    },
  }
  return Object.freeze({
    heard({ identity, knownIdentity }: FeedRead) {
      current = identity
      first ??= identity
      const known = knownIdentity ?? first
      isOther = identity !== undefined && known !== undefined && !isSame(identity, known)
    },
    check,
    plugin,
    current: () => current,
  })
}

/** The identifier of the cluster comes first, and counts where both were written by a user who may read it. */
function isSame(one: string, other: string): boolean {
  const [system, ...numbers] = one.split('.')
  const [otherSystem, ...otherNumbers] = other.split('.')
  const isKnown = system !== unknownSystem && otherSystem !== unknownSystem
  return numbers.join('.') === otherNumbers.join('.') && (!isKnown || system === otherSystem)
}

function otherDatabase(): StartError {
  return new StartError(
    'database_other',
    'The database is not the one that was served before: it was copied, restored or replaced. ' +
      'If anything may be missing in it that was there once, as after a backup was restored, run "latchkey restored": everybody logs in again. ' +
      'If nothing is, as after pg_upgrade or a move, run "latchkey moved".',
  )
}

/** From now on this database is the one. */
export async function rememberIdentity(transaction: Writing, identity: string | undefined): Promise<void> {
  if (identity === undefined) return
  await transaction
    .insertInto('meta')
    .values({ name: identityName, value: identity })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: identity }))
    .execute()
}

/** When the backup was made that this database is, as RFC 3339 has it; undefined when it is none. */
export async function readBackupMark(db: Reading): Promise<string | undefined> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', backupMarkName).executeTakeFirst()
  return row?.value
}
