import { Kysely } from 'kysely'
import type { Engine } from './engine.js'
import { feedStart, type ReadFeed } from './feed.js'
import { createIdentityWatch } from './identity.js'
import { migrate, requireMigrated } from './migrate.js'
import type { LatchkeyDatabase } from './schema.js'
import { softDeletePlugin } from './soft-delete.js'
import { openSqliteEngine } from './sqlite/engine.js'
import { StartError } from './start-error.js'
import type { Store, Writing } from './store.js'
import { createStoreClock } from './store-clock.js'
import { createWriteWatch } from './write-watch.js'

export interface StoreOptions {
  /** Holds the SQLite file; made with mode 0700 when it is missing. */
  readonly dataFolder: string
  /** Names a PostgreSQL database, which is then used instead. */
  readonly databaseUrl?: string | undefined
  /** Refuses a folder without a SQLite file instead of making one; default false. */
  readonly mustExist?: boolean
  /** Refuses a database that is not up to date when false, instead of bringing it up to date; default true. */
  readonly migrates?: boolean
  /** Opens a database that is not the one that it was as well; default false. */
  readonly acceptsOther?: boolean
  /** Milliseconds since the epoch; default the database's clock, which with SQLite is the machine's. */
  readonly clock?: (() => number) | undefined
  /** How long a transaction waits for another process that is writing; default 5,000. */
  readonly lockWaitMs?: number
}

/**
 * Opens the store and migrates it, unless told otherwise. Any number of processes may do so at once, on an empty folder or database too.
 *
 * @throws StartError naming what is wrong with the folder or the database.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const clock = createStoreClock(options.clock)
  const now = () => Math.floor(clock.nowMs() / 1000)
  const engine = await openEngine(options)
  const bare = new Kysely<LatchkeyDatabase>({ dialect: engine.dialect })
  const plain = engine.schema === undefined ? bare : bare.withSchema(engine.schema)
  async function close(): Promise<void> {
    // The last to go is the connection that may write: it tidies up after itself.
    await engine.close?.()
    await plain.destroy()
  }
  try {
    const untyped = plain as unknown as Kysely<unknown>
    await (options.migrates === false ? requireMigrated(untyped, engine) : migrate(untyped, engine, now()))
  } catch (error) {
    await close()
    const where = options.databaseUrl === undefined ? `in ${options.dataFolder}` : 'that DATABASE_URL names'
    throw error instanceof StartError
      ? error
      : new StartError(
          'database_unusable',
          `The database ${where} cannot be brought up to date: ${reasonOf(error)}.`,
          error,
        )
  }
  const identity = createIdentityWatch(options.acceptsOther ?? false)
  const db = plain.withPlugin(softDeletePlugin).withPlugin(identity.plugin)
  // Without the plugin: this is what finds out.
  const read = engine.createReadFeed(plain)
  const readFeed: ReadFeed = async (after, limit) => {
    const askedAtMs = performance.now()
    const answer = await read(after, limit)
    clock.heard(answer.nowMs, askedAtMs)
    identity.heard(answer)
    identity.check()
    return answer
  }
  // Before anything is written: from here on it is the time that all nodes agree on.
  await readFeed(feedStart, 1).catch(async (error) => {
    await close()
    throw (error as Error).cause instanceof StartError ? (error as Error).cause : error
  })
  const writes = createWriteWatch()
  const transaction = <Result>(work: (transaction: Writing) => Promise<Result>): Promise<Result> =>
    writes.watch(() => db.transaction().execute(work))
  return Object.freeze({
    dataFolder: options.databaseUrl === undefined ? options.dataFolder : undefined,
    ...{ db, transaction, readFeed, clock: clock.nowMs, now },
    readHorizon: engine.createReadHorizon?.(db) ?? (async () => undefined),
    ...{
      clockJump: clock.jump,
      clockOffsetMs: clock.offsetMs,
      isTimeSound: clock.isSound,
      writeProblem: writes.problem,
    },
    async tryToWrite() {
      await transaction((writing) =>
        writing.updateTable('meta').set({ name: 'feed_id' }).where('name', '=', 'feed_id').execute(),
      )
    },
    renewFeedOrder: engine.renewFeedOrder ?? (async () => {}),
    backUp: engine.backUp,
    identity: identity.current,
    close,
  })
}

async function openEngine(options: StoreOptions): Promise<Engine> {
  const { dataFolder, databaseUrl, mustExist = false, lockWaitMs = 5_000 } = options
  if (databaseUrl === undefined) return openSqliteEngine(dataFolder, { mustExist, lockWaitMs })
  const { openPostgresEngine } = await import('./postgres/engine.js')
  return openPostgresEngine(databaseUrl, lockWaitMs)
}

/** What the database itself said, under the error that stands for it. */
function reasonOf(error: unknown): string {
  const { cause, message, code } = error as Error & { code?: string }
  const { message: inner, code: innerCode } = (cause ?? {}) as { message?: string; code?: string }
  return `${inner ?? message} (${innerCode ?? code ?? 'no code'})`
}
