/** A backup brings back what was used, ended and retired since: none of it may work. */
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createAuth } from 'latchkey'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Latchkey } from '../src/create-latchkey/latchkey.js'
import { openBetterSqlite } from '../src/store/sqlite/better-sqlite.js'
import { copyDatabase, inDatabase, onServer, renameDatabase } from './restore/databases.js'
import {
  ann,
  ask,
  closeServer,
  listen,
  type Node,
  postJson,
  runCommand,
  secret,
  startNode,
  temporaryFolder,
} from './server.js'
import { createTestDatabase, storeName, type TestDatabase } from './store/test-store.js'

const bin = fileURLToPath(new URL('../bin/latchkey.js', import.meta.url))
const folder = temporaryFolder()
const issuer = 'https://id.example'
const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }

let count = 0
async function newDatabase(): Promise<TestDatabase> {
  const own = join(folder, String(++count))
  mkdirSync(own)
  return createTestDatabase(own)
}
const command = (database: TestDatabase, ...words: string[]) =>
  runCommand(folder, words, '', { ...database.environment, LATCHKEY_ISSUER: issuer })

/** Of each such event in the audit log: outcome, and who did it. */
const told = async (database: TestDatabase, event: 'restored' | 'moved') => {
  const lines = (await command(database, 'audit', 'list', '--json')).out.split('\n').map((line) => JSON.parse(line))
  return lines.filter((line) => line.event === event).map(({ outcome, actor }) => [outcome, actor])
}

async function start(database: TestDatabase): Promise<Node> {
  const node = await startNode(database, { issuer })
  onTestFinished(node.close)
  return node
}

/** What a restore does to the database itself: everything is as it was when `take` was called. */
async function takeBackup(database: TestDatabase): Promise<{ restore(): Promise<void> }> {
  if (storeName === 'SQLite') {
    const file = join(folder, `backup-${count}.db`)
    expect(await command(database, 'backup', file)).toMatchObject({ code: 0, error: '' })
    const { dataFolder } = database.config
    return {
      async restore() {
        for (const end of ['', '-wal', '-shm']) rmSync(join(dataFolder, `latchkey.db${end}`), { force: true })
        copyFileSync(file, join(dataFolder, 'latchkey.db'))
      },
    }
  }
  // As a base backup: a copy of all files. The original is given up for it.
  await copyDatabase(database, 'backup')
  return {
    async restore() {
      await renameDatabase(database, 'lost')
      await onServer(database, (name) => `alter database ${name}_backup rename to ${name}`)
    },
  }
}

/** So that copying it takes a while. */
async function makeLarge(file: string): Promise<void> {
  const database = openBetterSqlite(file, { timeout: 5_000 })
  // Under a seal: nobody is held up by sealing events of a megabyte.
  const columns = 'at, event, outcome, seal, detail'
  const insert = database.prepare(`insert into audit_events (${columns}) values (0, 'old', 'done', 1, ?)`)
  database.transaction(() => {
    for (let i = 0; i < 128; i++) insert.run('x'.repeat(1024 ** 2))
  })()
  database.close()
}

const logIn = async ({ url }: { url: string }) =>
  (await postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })).json as {
    token: string
    refresh_token: string
  }
const refresh = ({ url }: { url: string }, refresh_token: string) =>
  postJson(url, '/v1/token/refresh', { refresh_token })

const partOf = (token: string, part: 0 | 1) =>
  JSON.parse(Buffer.from(token.split('.')[part] as string, 'base64url').toString())
const kidOf = (token: string) => partOf(token, 0).kid
const sidOf = (token: string) => partOf(token, 1).sid

/** A server reads every 200 ms, a service every 400 and each second while its server is away. */
const soon = <Value>(value: () => Value | Promise<Value>) => expect.poll(value, { timeout: 3_000, interval: 20 })

/** A service that follows the server at this address. */
async function startService(server: string) {
  const service = createAuth({ server, issuer })
  onTestFinished(() => service.close())
  await service.ready()
  const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }
  return {
    /** 401 where it refuses the token, undefined where it takes it. */
    decide: (token: string) =>
      service.decide({ method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }, need).status,
  }
}

async function createApiKey({ url }: { url: string }, token: string): Promise<{ id: string; key: string }> {
  const headers = { 'content-type': 'application/json' }
  return (await ask(url, 'POST', '/v1/user/api-keys', { token, headers, body: '{"name":"program"}' })).json
}
const exchange = ({ url }: { url: string }, { id, key }: { id: string; key: string }) =>
  postJson(url, '/v1/token', { account: id, secret: key, type: 300 })

/** An address that stays the same whichever server answers there. */
async function startFront() {
  let current: Latchkey | undefined
  const server = createServer((request, response) => {
    if (current === undefined) request.socket.destroy()
    else current.node(request, response)
  })
  const port = await listen(server)
  onTestFinished(() => closeServer(server))
  return {
    url: `http://127.0.0.1:${port}`,
    show(node: Node | undefined) {
      current = node?.latchkey
      server.closeAllConnections()
    },
  }
}

it('after a restore no used refresh token, ended session or retired key works, and guards notice', async () => {
  const database = await newDatabase()
  const before = await start(database)
  const front = await startFront()
  front.show(before)
  await postJson(before.url, '/v1/client/register', ann)
  const [used, ended, untouched] = [await logIn(before), await logIn(before), await logIn(before)]
  const apiKey = await createApiKey(before, untouched.token)
  await before.close()
  const backup = await takeBackup(database)

  const between = await start(database)
  front.show(between)
  const { decide } = await startService(front.url)
  const rotated = (await refresh(between, used.refresh_token)).json
  expect((await postJson(between.url, '/v1/token/revoke', { token: ended.refresh_token })).status).toBe(200)
  expect((await command(database, 'key', 'rotate', '--now')).code).toBe(0)
  const { keys } = (await ask(between.url, 'GET', '/.well-known/jwks.json')).json
  const oldKids = keys.map(({ kid }: { kid: string }) => kid)
  // Signed by a key of which the backup knows nothing.
  let unknown = await logIn(between)
  await soon(async () => {
    unknown = await logIn(between)
    return kidOf(unknown.token)
  }).not.toBe(kidOf(untouched.token))
  await soon(() => decide(unknown.token)).toBeUndefined()
  expect(decide(untouched.token)).toBeUndefined()
  const feedBefore = (await ask(between.url, 'GET', '/v1/revocations')).json
  front.show(undefined)
  await between.close()

  await backup.restore()
  if (storeName === 'PostgreSQL') {
    expect(await command(database, 'user', 'list')).toMatchObject({
      code: 1,
      error: expect.stringContaining('latchkey restored'),
    })
    await expect(startNode(database, { issuer })).rejects.toMatchObject({
      name: 'StartError',
      reason: 'database_other',
    })
    expect((await command(database, 'restored')).code).toBe(0)
  }
  const after = await start(database)
  if (storeName === 'SQLite') expect(after.log.join()).toContain('latchkey: the database is a backup')
  front.show(after)

  // What was refused stays refused, and what the backup had made good is refused as well, within a few seconds.
  const old = [used, ended, untouched, rotated, unknown]
  await soon(() => old.map(({ token }) => decide(token))).toEqual([401, 401, 401, 401, 401])
  for (const { refresh_token } of old) {
    const answer = await refresh(after, refresh_token)
    expect([answer.status, answer.json.code]).toEqual([401, 'refresh_invalid'])
  }
  for (const { token } of old) {
    expect((await ask(after.url, 'GET', '/v1/user', { token })).status).toBe(401)
  }
  const exchanged = await exchange(after, apiKey)
  expect([exchanged.status, exchanged.json.code]).toEqual([401, 'auth_failed'])
  const published = (await ask(after.url, 'GET', '/.well-known/jwks.json')).json.keys
  expect(published.filter(({ kid }: { kid: string }) => oldKids.includes(kid))).toEqual([])
  const fresh = await logIn(after)
  await soon(() => decide(fresh.token)).toBeUndefined()
  // The feed is another one, and names the keys whose tokens it refuses, for guards that were given keys.
  const feed = (await ask(after.url, 'GET', '/v1/revocations')).json
  expect(feed.feed_id).not.toBe(feedBefore.feed_id)
  const refusedKeys = feed.rows.filter(([kind]: string[]) => kind === 'k').map(([, id]: string[]) => id)
  expect(refusedKeys).toContain(kidOf(untouched.token))
  expect((await postJson(after.url, '/v1/token/revoke', { token: fresh.token })).status).toBe(200)
  await soon(() => decide(fresh.token)).toBe(401)
  const next = await logIn(after)

  // Once is enough: it is an ordinary database now.
  const second = await start(database)
  expect((await ask(second.url, 'GET', '/v1/user', { token: next.token })).status).toBe(200)
  expect(second.log).toEqual([])
  expect(await told(database, 'restored')).toEqual([['done', 'operator']])
})

it('restored under servers that run, as after a failover, ends everything from before within a few seconds', async () => {
  const database = await newDatabase()
  const nodes = [await start(database), await start(database)] as const
  const [first, second] = nodes
  await postJson(first.url, '/v1/client/register', ann)
  const old = [await logIn(first), await logIn(second)]
  const [{ token }] = old as [(typeof old)[0]]
  const apiKey = await createApiKey(first, token)
  const services = [await startService(first.url), await startService(second.url)]
  const decisions = (token: string) => services.map(({ decide }) => decide(token))
  const statuses = (token: string) =>
    Promise.all(nodes.map(async ({ url }) => (await ask(url, 'GET', '/v1/user', { token })).status))
  expect([decisions(token), await statuses(token)]).toEqual([
    [undefined, undefined],
    [200, 200],
  ])

  expect((await command(database, 'restored')).code).toBe(0)
  for (const { token } of old) await soon(() => statuses(token)).toEqual([401, 401])
  for (const { token } of old) await soon(() => decisions(token)).toEqual([401, 401])
  for (const node of nodes) {
    for (const { refresh_token } of old) {
      const answer = await refresh(node, refresh_token)
      expect([answer.status, answer.json.code]).toEqual([401, 'refresh_invalid'])
    }
    expect((await exchange(node, apiKey)).status).toBe(401)
    const fresh = await logIn(node)
    await soon(() => statuses(fresh.token)).toEqual([200, 200])
    await soon(() => decisions(fresh.token)).toEqual([undefined, undefined])
  }
})

it('a restored database whose secret is another is left as it is', async () => {
  const database = await newDatabase()
  const node = await start(database)
  await postJson(node.url, '/v1/client/register', ann)
  const { refresh_token } = await logIn(node)
  const environment = {
    ...database.environment,
    LATCHKEY_SECRET: 'another secret of thirty-two bytes or more',
    LATCHKEY_ISSUER: issuer,
  }
  const { code, error } = await runCommand(folder, ['restored', '--json'], '', environment)
  expect([code, JSON.parse(error).error]).toEqual([1, 'secret_wrong'])
  expect((await refresh(node, refresh_token)).status).toBe(201)
})

describe.runIf(storeName === 'SQLite')('latchkey backup', () => {
  it('writes a file for its owner alone, without the secret, while others write', async () => {
    const database = await newDatabase()
    const node = await start(database)
    const { dataFolder } = database.config
    await postJson(node.url, '/v1/client/register', ann)
    await makeLarge(join(dataFolder, 'latchkey.db'))
    const file = join(folder, 'while-others-write.db')
    const acknowledged: string[] = []
    let duringCopy = 0
    let isDone = false
    const writing = [logIn(node), logIn(node)].map(async (login) => {
      let { token, refresh_token } = await login
      acknowledged.push(sidOf(token))
      while (!isDone) {
        const isCopying = existsSync(`${file}.partial`)
        ;({ token, refresh_token } = (await refresh({ url: node.url }, refresh_token)).json)
        if (isCopying && existsSync(`${file}.partial`)) duringCopy++
        if (isCopying) acknowledged.push(sidOf((await logIn(node)).token))
      }
    })
    await soon(() => acknowledged.length).toBe(2)
    const before = [...acknowledged, sidOf((await logIn(node)).token)]
    const env = { PATH: process.env.PATH, ...database.environment, LATCHKEY_ISSUER: issuer }
    const { stdout } = await promisify(execFile)(process.execPath, [bin, 'backup', file, '--json'], { env }).finally(
      async () => {
        isDone = true
        await Promise.all(writing)
      },
    )
    expect(JSON.parse(stdout).file).toBe(file)
    expect(duringCopy).toBeGreaterThan(0)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const kept = readFileSync(join(dataFolder, 'secret'), 'utf8').trim()
    expect(readFileSync(file).includes(kept)).toBe(false)
    expect(existsSync(`${file}.partial`)).toBe(false)
    const backup = openBetterSqlite(file, { readonly: true })
    onTestFinished(() => void backup.close())
    expect(backup.pragma('integrity_check', { simple: true })).toBe('ok')
    const sids = backup.prepare('select sid from sessions').pluck().all()
    expect(sids).toEqual(expect.arrayContaining(before))
  })

  it('is not said to be moved: a SQLite file may lie anywhere', async () => {
    const database = await newDatabase()
    await command(database, 'migrate')
    const { code, error } = await command(database, 'moved')
    expect([code, error]).toEqual([1, expect.stringMatching(/^latchkey: A SQLite file may lie anywhere/)])
  })

  it('takes no name that is taken, and leaves nothing where it cannot write', async () => {
    const database = await newDatabase()
    await (await start(database)).close()
    const taken = join(folder, 'taken.db')
    writeFileSync(taken, 'precious')
    expect(await command(database, 'backup', taken)).toMatchObject({
      code: 1,
      error: `latchkey: ${taken} exists already. Give another name.`,
    })
    expect(readFileSync(taken, 'utf8')).toBe('precious')
    const { code, error } = await command(database, 'backup', join(folder, 'nowhere', 'x.db'))
    expect([code, error]).toEqual([1, expect.stringContaining('cannot be written (ENOENT)')])
  })
})

describe.runIf(storeName === 'PostgreSQL')('a database that was copied', () => {
  it('is refused until somebody says that nothing is missing; then nobody is logged out', async () => {
    const database = await newDatabase()
    const node = await start(database)
    await postJson(node.url, '/v1/client/register', ann)
    const { token, refresh_token } = await logIn(node)
    await node.close()
    await copyDatabase(database, 'moved')
    await renameDatabase(database, 'old')
    await onServer(database, (name) => `alter database ${name}_moved rename to ${name}`)
    await expect(startNode(database, { issuer })).rejects.toMatchObject({ reason: 'database_other' })
    expect((await command(database, 'moved')).code).toBe(0)
    expect(await told(database, 'moved')).toEqual([['done', 'operator']])
    const moved = await start(database)
    expect((await ask(moved.url, 'GET', '/v1/user', { token })).status).toBe(200)
    expect((await refresh(moved, refresh_token)).status).toBe(201)
  })

  it.each(['moved', 'restored'] as const)(
    'is not used by a server under which it was exchanged, and which says so, until it was said to be %s',
    async (said) => {
      const database = await newDatabase()
      const node = await start(database)
      await postJson(node.url, '/v1/client/register', ann)
      const { decide } = await startService(node.url)
      const copied = await logIn(node)
      const ended = await logIn(node)
      expect((await postJson(node.url, '/v1/token/revoke', { token: ended.token })).status).toBe(200)
      await copyDatabase(database, 'copy')
      // As a dump that is still being loaded, from a cluster that has come further than this one.
      await inDatabase(`${database.config.databaseUrl}_copy`, "delete from latchkey.meta where name = 'database'")
      await inDatabase(`${database.config.databaseUrl}_copy`, "update latchkey.revocations set xid = '1000000000000'")
      const { token, refresh_token } = await logIn(node)
      await renameDatabase(database, 'lost')
      await onServer(database, (name) => `alter database ${name}_copy rename to ${name}`)
      const readiness = async () => {
        const { status, json } = await ask(node.url, 'GET', '/readyz')
        return [status, json]
      }
      await soon(readiness).toEqual([503, { status: 'unready', reasons: expect.arrayContaining(['database']) }])
      // Not a logout: the session is not in the copy.
      expect((await refresh(node, refresh_token)).status).toBe(503)
      expect((await postJson(node.url, '/v1/token', { account: ann.account, secret, type: 100 })).status).toBe(503)
      expect(node.log.join('\n')).toContain('run "latchkey restored"')
      // Tokens are still checked by what was known of them.
      expect((await postJson(node.url, '/v1/token/secret', { token })).status).toBe(200)

      expect((await command(database, said)).code).toBe(0)
      await soon(async () => (await readiness())[0]).toBe(200)
      const ofTheFuture = 'select 1 from latchkey.revocations where xid > pg_current_xact_id()'
      expect(await inDatabase(database.config.databaseUrl as string, ofTheFuture)).toBe(0)
      const isGood = said === 'moved'
      await soon(() => [decide(copied.token), decide(ended.token)]).toEqual([isGood ? undefined : 401, 401])
      expect((await ask(node.url, 'GET', '/v1/user', { token: copied.token })).status).toBe(isGood ? 200 : 401)
      expect((await refresh(node, copied.refresh_token)).status).toBe(isGood ? 201 : 401)
      const fresh = await logIn(node)
      await soon(() => decide(fresh.token)).toBeUndefined()
      expect((await postJson(node.url, '/v1/token/revoke', { token: fresh.token })).status).toBe(200)
      await soon(() => decide(fresh.token)).toBe(401)
    },
  )

  it('has no backup of ours, and says what to do instead', async () => {
    const database = await newDatabase()
    const { code, error } = await command(database, 'migrate').then(() => command(database, 'backup', 'x'))
    expect([code, error]).toEqual([1, expect.stringContaining('pg_dump')])
  })
})
