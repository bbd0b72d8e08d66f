/** A backup brings back what was used, ended and retired since: none of it may work. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createAuth } from 'latchkey'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Latchkey } from '../src/create-latchkey/latchkey.js'
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

async function onServer(database: TestDatabase, text: (name: string) => string): Promise<void> {
  const url = new URL(database.config.databaseUrl as string)
  const name = url.pathname.slice(1)
  url.pathname = '/postgres'
  const client = new pg.Client(url.href)
  await client.connect()
  const end = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`
  try {
    await client.query(end)
    await client.query(text(name))
  } finally {
    await client.end()
  }
}
const copyDatabase = (database: TestDatabase, suffix: string) =>
  onServer(database, (name) => `create database ${name}_${suffix} template ${name}`)
const renameDatabase = (database: TestDatabase, suffix: string) =>
  onServer(database, (name) => `alter database ${name} rename to ${name}_${suffix}`)

const logIn = async ({ url }: { url: string }) =>
  (await postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })).json as {
    token: string
    refresh_token: string
  }
const refresh = ({ url }: { url: string }, refresh_token: string) =>
  postJson(url, '/v1/token/refresh', { refresh_token })

const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()).kid

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
  const apiKey = (
    await ask(before.url, 'POST', '/v1/user/api-keys', {
      token: untouched.token,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'program' }),
    })
  ).json as { id: string; key: string }
  await before.close()
  const backup = await takeBackup(database)

  const between = await start(database)
  front.show(between)
  const service = createAuth({ server: front.url, issuer })
  onTestFinished(() => service.close())
  await service.ready()
  const decide = (token: string) => {
    const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }
    return service.decide({ method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }, need).status
  }
  const rotated = (await refresh(between, used.refresh_token)).json
  expect((await postJson(between.url, '/v1/token/revoke', { token: ended.refresh_token })).status).toBe(200)
  expect((await command(database, 'key', 'rotate', '--now')).code).toBe(0)
  const { keys } = (await ask(between.url, 'GET', '/.well-known/jwks.json')).json
  const oldKids = keys.map(({ kid }: { kid: string }) => kid)
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

  for (const { refresh_token } of [used, ended, untouched, rotated]) {
    const answer = await refresh(after, refresh_token)
    expect([answer.status, answer.json.code]).toEqual([401, 'refresh_invalid'])
  }
  for (const { token } of [used, ended, untouched, rotated]) {
    expect((await ask(after.url, 'GET', '/v1/user', { token })).status).toBe(401)
  }
  const exchange = await postJson(after.url, '/v1/token', { account: apiKey.id, secret: apiKey.key, type: 300 })
  expect([exchange.status, exchange.json.code]).toEqual([401, 'auth_failed'])
  const published = (await ask(after.url, 'GET', '/.well-known/jwks.json')).json.keys
  expect(published.filter(({ kid }: { kid: string }) => oldKids.includes(kid))).toEqual([])
  // What was refused stays refused, and what the backup had made good is refused as well, within a second.
  const until = performance.now() + 10_000
  while (decide(untouched.token) !== 401 && performance.now() < until) await pause(20)
  expect([used, ended, untouched, rotated].map(({ token }) => decide(token))).toEqual([401, 401, 401, 401])
  const fresh = await logIn(after)
  while (decide(fresh.token) !== undefined && performance.now() < until) await pause(20)
  expect(decide(fresh.token)).toBeUndefined()
  // The feed is another one, and names the keys whose tokens it refuses, for guards that were given keys.
  const feed = (await ask(after.url, 'GET', '/v1/revocations')).json
  expect(feed.feed_id).not.toBe(feedBefore.feed_id)
  const refusedKeys = feed.rows.filter(([kind]: string[]) => kind === 'k').map(([, id]: string[]) => id)
  expect(refusedKeys).toContain(kidOf(untouched.token))
  expect((await postJson(after.url, '/v1/token/revoke', { token: fresh.token })).status).toBe(200)
  while (decide(fresh.token) !== 401 && performance.now() < until) await pause(20)
  expect(decide(fresh.token)).toBe(401)
  const next = await logIn(after)

  // Once is enough: it is an ordinary database now.
  const second = await start(database)
  expect((await ask(second.url, 'GET', '/v1/user', { token: next.token })).status).toBe(200)
  expect(second.log).toEqual([])
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
    await postJson(node.url, '/v1/client/register', ann)
    let isDone = false
    let logins = 0
    const writing = (async () => {
      while (!isDone) {
        await logIn(node)
        logins++
      }
    })()
    const file = join(folder, 'while-others-write.db')
    const { code, out } = await command(database, 'backup', file, '--json')
    isDone = true
    await writing
    expect([code, JSON.parse(out).file, logins > 0]).toEqual([0, file, true])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { dataFolder } = database.config
    const kept = readFileSync(join(dataFolder, 'secret'), 'utf8').trim()
    expect(readFileSync(file).includes(kept)).toBe(false)
    expect(existsSync(`${file}.partial`)).toBe(false)
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
    const moved = await start(database)
    expect((await ask(moved.url, 'GET', '/v1/user', { token })).status).toBe(200)
    expect((await refresh(moved, refresh_token)).status).toBe(201)
  })

  it('is not used by a server under which it was exchanged, and which says so', async () => {
    const database = await newDatabase()
    const node = await start(database)
    await postJson(node.url, '/v1/client/register', ann)
    await copyDatabase(database, 'copy')
    const { token, refresh_token } = await logIn(node)
    await renameDatabase(database, 'lost')
    await onServer(database, (name) => `alter database ${name}_copy rename to ${name}`)
    const until = performance.now() + 5_000
    let ready = await ask(node.url, 'GET', '/readyz')
    while (ready.status === 200 && performance.now() < until) {
      await pause(20)
      ready = await ask(node.url, 'GET', '/readyz')
    }
    expect([ready.status, ready.json]).toEqual([503, { status: 'unready', reasons: ['database'] }])
    // Not a logout: the session is not in the copy.
    expect((await refresh(node, refresh_token)).status).toBe(503)
    expect((await postJson(node.url, '/v1/token', { account: ann.account, secret, type: 100 })).status).toBe(503)
    expect(node.log.join('\n')).toContain('run "latchkey restored"')
    // Tokens are still checked by what was known of them.
    expect((await postJson(node.url, '/v1/token/secret', { token })).status).toBe(200)
  })

  it('has no backup of ours, and says what to do instead', async () => {
    const database = await newDatabase()
    const { code, error } = await command(database, 'migrate').then(() => command(database, 'backup', 'x'))
    expect([code, error]).toEqual([1, expect.stringContaining('pg_dump')])
  })
})
