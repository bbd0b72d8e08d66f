/**
 * The database slow, read-only or full, a migration that was stopped, and two versions side by side: what users see, what the
 * operator sees, that nothing acknowledged is lost, and that it heals by itself.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Postgres, startPostgres } from '../../../query/test/postgres.js'
import { openStore } from '../../src/store/open-store.js'
import { type Answer, ann, ask, type Node, postJson, secret, startNode, temporaryFolder } from '../server.js'
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
const reasons = async (url: string) => (await ask(url, 'GET', '/readyz')).json.reasons ?? []

async function until(holds: () => Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms`)
    await pause(50)
  }
}

/** Everything that writes is refused for now, nothing of it is lost or half done, and what only reads goes on. */
async function expectNoWrites(
  { url, log }: Pick<Node, 'url' | 'log'>,
  breakIt: () => Promise<void>,
  heal: () => Promise<void>,
) {
  await postJson(url, '/v1/client/register', ann)
  const [one, other] = [(await logIn(url)).json, (await logIn(url)).json]
  const revoked = (await logIn(url)).json
  expect((await postJson(url, '/v1/token/revoke', { token: revoked.token })).status).toBe(200)
  await breakIt()
  // A page that still has room may take a row or two.
  await until(async () => (await logIn(url)).status === 503)
  const answers = {
    login: await logIn(url),
    refresh: await refresh(url, one.refresh_token),
    revoke: await postJson(url, '/v1/token/revoke', { token: other.token }),
    register: await postJson(url, '/v1/client/register', bob),
  }
  // On a disk that is full, what still has room may be written: then it must last.
  const lasts = (answer: Answer) => answer.status < 300
  for (const answer of Object.values(answers).filter((one) => !lasts(one))) {
    expect([answer.status, answer.json?.code, answer.headers.get('retry-after')]).toEqual([503, 'busy', '1'])
    expect(answer.text).not.toMatch(/space|SQLITE|disk|recovery|read-only|transaction/i)
  }
  await until(async () => (await logIn(url)).status === 503)
  expect((await ask(url, 'GET', '/v1/user/sessions', { token: one.token })).status).toBe(200)
  const goodUnlessRevoked = lasts(answers.revoke) ? 401 : 200
  expect((await postJson(url, '/v1/token/secret', { token: other.token })).status).toBe(goodUnlessRevoked)
  expect((await postJson(url, '/v1/token/secret', { token: revoked.token })).status).toBe(401)
  expect(await reasons(url)).toEqual(['writes'])
  await until(async () => log.some((line) => line.includes('the database takes nothing that is written')))

  await heal()
  // Without any request.
  await until(async () => (await reasons(url)).length === 0)
  await until(async () => log.some((line) => line.includes('the database takes what is written again')))
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
function fullAndFree(disk: string): [() => Promise<void>, () => Promise<void>] {
  let filler: ReturnType<typeof fill> | undefined
  return [
    async () => {
      filler = fill(disk)
    },
    async () => filler?.free(),
  ]
}

async function start(database: TestDatabase): Promise<Node> {
  const node = await startNode(database, { issuer })
  onTestFinished(node.close)
  return node
}

describe.runIf(storeName === 'SQLite')('a disk that is full under SQLite', slow, () => {
  it('refuses what writes, goes on with the rest, and heals', async ({ skip }) => {
    const disk = mountSmallDisk()
    if (disk === undefined) return skip('a small disk is needed, which this user may not mount')
    const node = await start(await createTestDatabase(disk))
    await expectNoWrites(node, ...fullAndFree(disk))
  })
})

describe.runIf(storeName === 'PostgreSQL')('PostgreSQL', slow, () => {
  let postgres: Postgres
  const open = async () => {
    postgres = await startPostgres()
    onTestFinished(() => postgres.stop())
    return postgres.createDatabase()
  }
  type Connection = Awaited<ReturnType<typeof open>>
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
    const connection = await open()
    const node = await start(databaseOf(connection))
    const [row] = await query<{ data_directory: string }>(connection, 'show data_directory')
    const signal = join(row?.data_directory as string, 'standby.signal')
    await expectNoWrites(
      node,
      async () => {
        writeFileSync(signal, '')
        await postgres.restart()
        await until(async () => !(await reasons(node.url)).includes('database'))
      },
      async () => {
        rmSync(signal)
        await postgres.restart()
      },
    )
  })

  it('whose disk is full refuses what writes, goes on with the rest, and heals', async ({ skip }) => {
    const disk = mountSmallDisk()
    if (disk === undefined) return skip('a small disk is needed, which this user may not mount')
    const connection = await open()
    const [row] = await query<{ data_directory: string }>(connection, 'show data_directory')
    const { uid, gid } = statSync(row?.data_directory as string)
    const space = join(disk, 'space')
    mkdirSync(space)
    chmodSync(folder, 0o755)
    chownSync(space, uid, gid)
    await query(connection, `create tablespace small location '${space}'`)
    const node = await start(databaseOf(connection))
    // The tables alone: a full disk under the WAL stops the whole server, and is a database that is away.
    for (const table of ['sessions', 'users', 'audit_events', 'revocations', 'identities', 'meta']) {
      await query(connection, `alter table latchkey.${table} set tablespace small`)
    }
    await expectNoWrites(node, ...fullAndFree(disk))
  })

  it('that is slow is given up after five seconds, and guarded routes feel nothing of it', async () => {
    const connection = await open()
    const node = await start(databaseOf(connection))
    await postJson(node.url, '/v1/client/register', ann)
    const { token, refresh_token } = (await logIn(node.url)).json
    const locker = new pg.Client(connection)
    await locker.connect()
    onTestFinished(() => locker.end())
    await locker.query('begin; lock table latchkey.sessions in access exclusive mode')
    const began = performance.now()
    const waiting = refresh(node.url, refresh_token)
    let slowestMs = 0
    let isDone = false
    waiting.finally(() => {
      isDone = true
    })
    let asked = 0
    for (; !isDone; asked++) {
      const sent = performance.now()
      expect((await postJson(node.url, '/v1/token/secret', { token })).status).toBe(200)
      slowestMs = Math.max(slowestMs, performance.now() - sent)
      await pause(20)
    }
    const answer = await waiting
    expect([answer.status, answer.json.code]).toEqual([503, 'busy'])
    expect(performance.now() - began).toBeLessThan(20_000)
    expect(asked).toBeGreaterThan(20)
    // Far from waiting for what the refresh waits for.
    expect(slowestMs).toBeLessThan(3_000)
    await locker.query('rollback')
    expect((await refresh(node.url, refresh_token)).status).toBe(201)
  })

  it('whose feed is held back by a transaction of somebody else names it', async () => {
    const connection = await open()
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

describe('a migration', slow, () => {
  const bin = fileURLToPath(new URL('../../bin/latchkey.js', import.meta.url))
  const environmentOf = (database: TestDatabase) => ({
    PATH: process.env.PATH,
    ...database.environment,
    LATCHKEY_ISSUER: issuer,
  })

  it('that is killed in the middle leaves nothing half done: the next start makes it whole', async () => {
    const database = await createTestDatabase(newFolder())
    const environment = environmentOf(database)
    let killed = 0
    for (let ms = 200; killed < 8; ms = ms > 900 ? 200 : ms * 1.15) {
      const child: ChildProcess = spawn(process.execPath, [bin, 'migrate'], {
        env: environment,
        cwd: folder,
        stdio: 'ignore',
      })
      const ended = new Promise((resolve) => child.once('exit', resolve))
      await Promise.race([ended, pause(ms)])
      if (child.exitCode === null) child.kill('SIGKILL')
      await ended
      killed++
      if (child.exitCode === 0) break
    }
    const node = await start(database)
    await postJson(node.url, '/v1/client/register', ann)
    expect((await logIn(node.url)).status).toBe(201)
  })

  it('of a newer version beside servers of this one: both go on, and neither loses what the other wrote', async () => {
    const database = await createTestDatabase(newFolder())
    const old = await start(database)
    await postJson(old.url, '/v1/client/register', ann)
    const before = (await logIn(old.url)).json
    // As the next version would, from another process, while this one serves.
    const store = await openStore(database.storeOptions)
    onTestFinished(() => store.close())
    const adding = store.transaction(async (transaction) => {
      const table = storeName === 'PostgreSQL' ? 'latchkey.sessions' : 'sessions'
      await sql`alter table ${sql.table(table)} add column of_the_future text`.execute(transaction)
      const log = storeName === 'PostgreSQL' ? 'latchkey.latchkey_migrations' : 'latchkey_migrations'
      await sql`insert into ${sql.table(log)} values ('9999-of-the-future', 0, 0)`.execute(transaction)
    })
    const during = await refresh(old.url, before.refresh_token)
    await adding
    expect(during.status).toBe(201)
    expect((await refresh(old.url, during.json.refresh_token)).status).toBe(201)
    // Another one of this version, as when a machine is restarted before it is its turn.
    const again = await start(database)
    const pair = (await logIn(again.url)).json
    expect((await refresh(old.url, pair.refresh_token)).status).toBe(201)
    expect((await postJson(again.url, '/v1/token/revoke', { token: pair.token })).status).toBe(200)
    await pause(1_000)
    expect((await ask(old.url, 'GET', '/v1/user', { token: pair.token })).status).toBe(401)
  })
})
