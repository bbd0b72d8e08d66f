/** What the database holds of one user, or of the signing keys, read by a connection of its own; and what has changed in it. */
import pg from 'pg'
import { openBetterSqlite } from '../../../src/store/sqlite/better-sqlite.js'
import type { TestDatabase } from '../test-store.js'

type Value = string | number | Buffer | null
export type Row = Readonly<Record<string, Value>>
/** Rows by table and key. */
export type State = ReadonlyMap<string, Row>

/** Names and numbers that the tests made up. `nickname` finds a user that may not be there; `withKeys`: and what all have in common. */
export type Scope = { readonly uid: number; readonly withKeys?: boolean } | { readonly nickname: string }

export interface Reader {
  query(text: string): Promise<readonly Row[]>
  read(scope: Scope): Promise<State>
  close(): Promise<void>
}

const everyGeneration = 2 ** 31 - 1
/** Moments, which differ from run to run; the order of the feed; and what the sealer adds by itself. */
const ignored = new Set(['idle_until', 'access_exp', 'answer_until', 'seal', 'seen_at', 'xid'])
const counted = new Set(['gen', 'min_gen', 'epoch'])
/** What is said of a row that is new. */
const told: Readonly<Record<string, readonly string[]>> = {
  users: ['role', 'status'],
  identities: ['client_type', 'status'],
  sessions: ['kind', 'gen', 'end_reason'],
  revocations: ['kind'],
  audit_events: ['event', 'outcome', 'actor'],
  known_prefixes: [],
  signing_keys: [],
  meta: ['name'],
}

export function openReader({ storeOptions }: TestDatabase): Reader {
  const { query, close } =
    storeOptions.databaseUrl === undefined
      ? openSqlite(`${storeOptions.dataFolder}/latchkey.db`)
      : openPostgres(storeOptions.databaseUrl)
  return {
    ...{ query, close },
    async read(scope) {
      const state = new Map<string, Row>()
      const add = async (table: string, key: string, where: string) => {
        for (const row of await query(`select * from ${table} where ${where}`)) state.set(`${table} ${row[key]}`, row)
      }
      if ('uid' in scope && scope.withKeys) {
        // The others are over, and swept at any time.
        await add('signing_keys', 'kid', `verify_until is null or verify_until > ${Math.floor(Date.now() / 1000)}`)
        await add('meta', 'name', "name in ('keys_version', 'master_key', 'feed_id')")
        await add('revocations', 'position', "kind = 'k'")
        await add('audit_events', 'id', "event like 'key_%' or event = 'restored'")
      }
      const [user] =
        'uid' in scope ? [scope] : await query(`select uid from users where nickname = '${scope.nickname}'`)
      if (user === undefined) return state
      const own = `uid = ${user.uid}`
      await add('users', 'uid', own)
      await add('identities', 'id', own)
      await add('sessions', 'sid', own)
      await add('revocations', 'position', `id in (select sid from sessions where ${own})`)
      await add('audit_events', 'id', own)
      await add('known_prefixes', 'address_prefix', own)
      return state
    },
  }
}

function openSqlite(file: string) {
  const database = openBetterSqlite(file, { readonly: true, fileMustExist: true })
  return {
    query: async (text: string) => database.prepare(text).all() as Row[],
    close: async () => void database.close(),
  }
}

function openPostgres(connectionString: string) {
  const pool = new pg.Pool({ connectionString, options: '-c search_path=latchkey', max: 4 })
  return { query: async (text: string) => (await pool.query<Row>(text)).rows, close: () => pool.end() }
}

/** Each change in words, without what differs from run to run; the same words for the same change. Empty: nothing has changed. */
export function changesBetween(before: State, after: State): readonly string[] {
  const found: string[] = []
  for (const [key, row] of after) {
    const table = key.split(' ')[0] as string
    const known = before.get(key)
    const changed = known === undefined ? describe(table, row) : compare(known, row)
    if (changed !== '') found.push(`${known === undefined ? 'new in' : 'changed in'} ${table}: ${changed}`)
  }
  for (const key of before.keys()) if (!after.has(key)) found.push(`gone from ${key.split(' ')[0]}`)
  return found.sort()
}

function describe(table: string, row: Row): string {
  const facts = (told[table] as readonly string[]).map((name) => `${name} ${row[name]}`)
  if (table === 'revocations') facts.push(Number(row.min) === everyGeneration ? 'every generation' : `below ${row.min}`)
  return facts.join(', ') || 'a row'
}

function compare(before: Row, after: Row): string {
  return Object.keys(after)
    .filter((name) => !ignored.has(name) && text(before[name]) !== text(after[name]))
    .map((name) => (counted.has(name) ? `${name} ${Number(after[name]) - Number(before[name])} more` : name))
    .join(', ')
}

const text = (value: Value | undefined) => (Buffer.isBuffer(value) ? value.toString('hex') : String(value))
