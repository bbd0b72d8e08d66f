/**
 * The database slow, read-only or full, or without the standby that it waits for: what users see, what the operator sees, that
 * nothing acknowledged is lost, and that it heals by itself.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Postgres, startPostgres } from '../../../query/test/postgres.js'
import { openStore } from '../../src/store/open-store.js'
import { type Answer, ann, ask, postJson, secret, temporaryFolder } from '../server.js'
import { until } from '../until.js'
import { startWatchedNode, type WatchedNode } from './bad-storage/watched-node.js'
import { createTestDatabase, storeName, type TestDatabase } from './test-store.js'

const folder = temporaryFolder()
const issuer = 'https://id.example'
const slow = { timeout: 90_000 }
let count = 0
function newFolder(): string {
  const own = join(folder, String(++count))
  mkdirSync(own)
  return own
}

const bob = { ...ann, account: 'bob@example.org', nickname: 'bob' }
const logIn = (url: string) => postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })
const refresh = (url: string, refresh_token: string) => postJson(url, '/v1/token/refresh', { refresh_token })

function expectBusy(answer: Answer): void {
  expect([answer.status, answer.json?.code, answer.headers.get('retry-after')]).toEqual([503, 'busy', '1'])
  expect(answer.text).not.toMatch(/space|SQLITE|disk|recovery|read-only|transaction|timeout/i)
}

/** A page that still has room may take a row or two before. */
async function refusedLogIn(url: string): Promise<Answer> {
  for (let i = 0; i < 200; i++) {
    const answer = await logIn(url)
    if (answer.status === 503) return answer
  }
  throw new Error('every login was written')
}

interface Breaking {
  /** What the log names as the reason. */
  readonly cause: RegExp
  breakIt(): Promise<void>
  heal(): Promise<void>
}

/** Everything that writes is refused for now, nothing of it is lost or half done, and what only reads goes on. */
async function expectNoWrites(node: WatchedNode, { cause, breakIt, heal }: Breaking): Promise<void> {
  const { url, log, reasons, gaugedReasons } = node
  const lineOf = (text: string) => log.find((line) => line.includes(text))
  await postJson(url, '/v1/client/register', ann)
  const [one, other] = [(await logIn(url)).json, (await logIn(url)).json]
  const revoked = (await logIn(url)).json
  expect((await postJson(url, '/v1/token/revoke', { token: revoked.token })).status).toBe(200)
  expect([await reasons(), await gaugedReasons()]).toEqual([[], []])
  await breakIt()
  expectBusy(await refusedLogIn(url))
  const answers = {
    login: await logIn(url),
    refresh: await refresh(url, one.refresh_token),
    revoke: await postJson(url, '/v1/token/revoke', { token: other.token }),
    register: await postJson(url, '/v1/client/register', bob),
  }
  // On a disk that is full, what still has room may be written: then it must last.
  const lasts = (answer: Answer) => answer.status < 300
  for (const answer of Object.values(answers)) if (!lasts(answer)) expectBusy(answer)
  expectBusy(await refusedLogIn(url))
  expect([await reasons(), await gaugedReasons()]).toEqual([['writes'], ['writes']])
  expect(await node.metric('latchkey_ready')).toBe(0)
  expect(await node.refusals('POST', '/v1/token')).toBeGreaterThanOrEqual(2)
  expect((await ask(url, 'GET', '/v1/user/sessions', { token: one.token })).status).toBe(200)
  const goodUnlessRevoked = lasts(answers.revoke) ? 401 : 200
  expect((await postJson(url, '/v1/token/secret', { token: other.token })).status).toBe(goodUnlessRevoked)
  expect((await postJson(url, '/v1/token/secret', { token: revoked.token })).status).toBe(401)
  await until(async () => lineOf('the database takes nothing that is written') !== undefined)
  expect(lineOf('the database takes nothing that is written')).toMatch(cause)

  await heal()
  // Without any request that writes.
  await until(async () => (await gaugedReasons()).length === 0)
  expect(await reasons()).toEqual([])
  expect(await node.metric('latchkey_ready')).toBe(1)
  await until(async () => lineOf('the database takes what is written again') !== undefined)
  const current = lasts(answers.refresh) ? answers.refresh.json.refresh_token : one.refresh_token
  expect((await refresh(url, current)).status).toBe(201)
  expect((await ask(url, 'GET', '/v1/user', { token: other.token })).status).toBe(goodUnlessRevoked)
  expect((await postJson(url, '/v1/token/revoke', { token: other.token })).status).toBe(200)
  expect((await ask(url, 'GET', '/v1/user', { token: other.token })).status).toBe(401)
  expect((await refresh(url, revoked.refresh_token)).status).toBe(401)
  expect((await postJson(url, '/v1/client/register', bob)).status).toBe(lasts(answers.register) ? 409 : 201)
}

const diskBytes = 8 * 1024 * 1024
/** A disk of 8 MiB; undefined where this user may make none. */
function mountSmallDisk(): string | undefined {
  const disk = newFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes},mode=755`, 'tmpfs', disk], { stdio: 'pipe' })
  } catch {
    return undefined
  }
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', disk])
  })
  return disk
}

function fill(disk: string): { free(): void } {
  const file = join(disk, 'filler')
  for (const size of [1024 * 1024, 64 * 1024, 4096]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size, 1), { flag: 'a' })
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error
    }
  }
  return { free: () => rmSync(file) }
}

/** Fills the disk, and makes room again. */
function fullAndFree(disk: string): Breaking {
  let filler: ReturnType<typeof fill> | undefined
  return {
    cause: /disk is full|No space left on device/,
    async breakIt() {
      filler = fill(disk)
    },
    heal: async () => filler?.free(),
  }
}

async function start(database: TestDatabase): Promise<WatchedNode> {
  const node = await startWatchedNode(database, { issuer })
  onTestFinished(node.close)
  return node
}

describe.runIf(storeName === 'SQLite')('a disk that is full under SQLite', slow, () => {
  it('refuses what writes, goes on with the rest, and heals', async ({ skip }) => {
    const disk = mountSmallDisk()
    if (disk === undefined) return skip('a small disk is needed, which this user may not mount')
    const node = await start(await createTestDatabase(disk))
    await expectNoWrites(node, fullAndFree(disk))
  })
})

describe.runIf(storeName === 'PostgreSQL')('PostgreSQL', slow, () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres?.stop())
  type Connection = Awaited<ReturnType<Postgres['createDatabase']>>
  const databaseOf = (connection: Connection): TestDatabase => {
    const { host, port, user, password, database } = connection
    const databaseUrl = `postgres://${user}:${password}@${host}:${port}/${database}`
    const config = { dataFolder: 'unused', databaseUrl, secret: 'a secret of more than thirty-two bytes', issuer }
    return { storeOptions: config, config, environment: {} }
  }
  async function query<Row extends object>(connection: Connection, text: string): Promise<Row[]> {
    const client = new pg.Client(connection)
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query<Row>(text)).rows
    } finally {
      await client.end()
    }
  }

  it('that became read-only, as at a failover, refuses what writes, goes on with the rest, and heals', async () => {
    const connection = await postgres.createDatabase()
    const node = await start(databaseOf(connection))
    const [row] = await query<{ data_directory: string }>(connection, 'show data_directory')
    const signal = join(row?.data_directory as string, 'standby.signal')
    await expectNoWrites(node, {
      cause: /cannot set transaction read-write mode during recovery/,
      async breakIt() {
        writeFileSync(signal, '')
        await postgres.restart()
        await until(async () => !(await node.reasons()).includes('database'))
      },
      async heal() {
        rmSync(signal)
        await postgres.restart()
      },
    })
  })

  it('whose disk is full refuses what writes, goes on with the rest, and heals', async ({ skip }) => {
    const disk = mountSmallDisk()
    if (disk === undefined) return skip('a small disk is needed, which this user may not mount')
    const connection = await postgres.createDatabase()
    const [row] = await query<{ data_directory: string }>(connection, 'show data_directory')
    const { uid, gid } = statSync(row?.data_directory as string)
    const space = join(disk, 'space')
    mkdirSync(space)
    chmodSync(folder, 0o755)
    chownSync(space, uid, gid)
    await query(connection, `create tablespace small location '${space}'`)
    onTestFinished(async () => {
      const elsewhere = { ...connection, database: 'postgres' }
      await query(elsewhere, `drop database ${connection.database} with (force)`)
      await query(elsewhere, 'drop tablespace small')
    })
    const node = await start(databaseOf(connection))
    // The tables alone: a full disk under the WAL stops the whole server, and is a database that is away.
    for (const table of ['sessions', 'users', 'audit_events', 'revocations', 'identities', 'meta']) {
      await query(connection, `alter table latchkey.${table} set tablespace small`)
    }
    await expectNoWrites(node, fullAndFree(disk))
  })

  it('that is slow is given up after five seconds by all that wait, and nobody else feels anything of it', async () => {
    const connection = await postgres.createDatabase()
    const node = await start(databaseOf(connection))
    await postJson(node.url, '/v1/client/register', ann)
    const { token, refresh_token } = (await logIn(node.url)).json
    const locker = new pg.Client(connection)
    await locker.connect()
    onTestFinished(() => locker.end())
    await locker.query('begin; lock table latchkey.sessions in access exclusive mode')
    const waitingForTheLock = async () => {
      const text = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
      return (await query(connection, text)).length
    }

    const began = performance.now()
    let givenUpMs = 0
    async function refreshTwenty(): Promise<readonly Answer[]> {
      // More than the server has connections.
      const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(node.url, refresh_token)))
      givenUpMs = performance.now() - began
      return answers
    }
    async function slowestGuardedMs(): Promise<number> {
      const taken: number[] = []
      while (givenUpMs === 0) {
        const sent = performance.now()
        expect((await postJson(node.url, '/v1/token/secret', { token })).status).toBe(200)
        taken.push(performance.now() - sent)
        expect(await node.reasons()).toEqual([])
        await pause(20)
      }
      expect(taken.length).toBeGreaterThan(20)
      return Math.max(...taken)
    }
    async function oldestFeedSeconds(): Promise<number> {
      const ages: number[] = []
      while (givenUpMs === 0) {
        ages.push((await node.metric('latchkey_feed_age_seconds')) ?? Number.NaN)
        await pause(100)
      }
      return Math.max(...ages)
    }
    const [answers, slowestMs, oldestSeconds] = await Promise.all([
      refreshTwenty(),
      slowestGuardedMs(),
      oldestFeedSeconds(),
      until(async () => (await waitingForTheLock()) > 5),
    ])
    for (const answer of answers) expectBusy(answer)
    // Less than two of them one after the other.
    expect(givenUpMs).toBeLessThan(8_000)
    // Whoever was given up waits no longer for a lock that is still held.
    await until(async () => (await waitingForTheLock()) === 0, 3_000)
    // Far from waiting for what the refreshes wait for.
    expect(slowestMs).toBeLessThan(3_000)
    expect(oldestSeconds).toBeLessThan(2)
    expect([await node.reasons(), await node.gaugedReasons()]).toEqual([[], []])
    expect(await node.refusals('POST', '/v1/token/refresh')).toBe(20)
    const quick = 'latchkey_http_request_duration_seconds_bucket{le="2.5",route="/v1/token/refresh"}'
    expect(await node.metric(quick)).toBe(0)
    const told = node.log.filter((line) => line.startsWith('latchkey: POST /v1/token/refresh failed'))
    expect(told).toHaveLength(20)
    for (const line of told)
      expect(line).toMatch(/Query read timeout|connection timeout|timeout exceeded when trying to connect/)
    await locker.query('rollback')
    expect((await refresh(node.url, refresh_token)).status).toBe(201)
  })

  it('whose standby must have everything, and is away, acknowledges nothing and shows nothing of it', async () => {
    const connection = await postgres.createDatabase()
    const node = await start(databaseOf(connection))
    async function setStandby(name: string): Promise<void> {
      await query(connection, `alter system set synchronous_standby_names = '${name}'`)
      await query(connection, 'select pg_reload_conf()')
      const shown = async () => (await query(connection, 'show synchronous_standby_names'))[0]
      await until(async () => JSON.stringify(await shown()).includes(`"${name}"`))
    }
    const waiting = () => query(connection, "select pid from pg_stat_activity where wait_event = 'SyncRep'")
    const nicknames = () => query(connection, 'select nickname from latchkey.users')
    await postJson(node.url, '/v1/client/register', ann)
    const { token } = await logIn(node.url).then(({ json }) => json)
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ nickname: 'anna' })
    onTestFinished(() => setStandby(''))
    await setStandby('away')
    expectBusy(await ask(node.url, 'PATCH', '/v1/user', { token, headers, body }))
    await until(async () => (await node.reasons()).includes('writes'))
    // It was given up, and its commit waits on: cancelled, it would be there for all to see, and gone with the server.
    await pause(1_500)
    expect([await nicknames(), (await waiting()).length > 0]).toEqual([[{ nickname: ann.nickname }], true])
    await setStandby('')
    await until(async () => (await node.reasons()).length === 0)
    expect((await logIn(node.url)).status).toBe(201)
    expect(await nicknames()).toEqual([{ nickname: 'anna' }])
  })

  it('whose feed is held back by a transaction of somebody else names it', async () => {
    const connection = await postgres.createDatabase()
    const node = await start(databaseOf(connection))
    const holder = new pg.Client({ ...connection, application_name: 'a nightly report' })
    await holder.connect()
    onTestFinished(() => holder.end())
    await holder.query('begin; select pg_current_xact_id()')
    const { storeOptions } = databaseOf(connection)
    const store = await openStore(storeOptions)
    onTestFinished(() => store.close())
    const [row] = (await holder.query<{ pid: number }>('select pg_backend_pid() as pid')).rows
    const found = await store.readHorizon()
    expect(found).toEqual({
      ...{ pid: String(row?.pid), application: 'a nightly report', state: 'idle in transaction' },
      seconds: expect.any(Number),
    })
    // Nobody waits for it.
    await postJson(node.url, '/v1/client/register', ann)
    const { token } = (await logIn(node.url)).json
    expect((await postJson(node.url, '/v1/token/revoke', { token })).status).toBe(200)
    expect((await ask(node.url, 'GET', '/v1/user', { token })).status).toBe(401)
    await holder.query('rollback')
    expect(await store.readHorizon()).toBeUndefined()
  })
})
