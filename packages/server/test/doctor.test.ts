/** `latchkey doctor`, each check on a deployment that has the fault and on one that has not. */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { sql } from 'kysely'
import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { checkFileSystem } from '../src/doctor/data-folder.js'
import { judgeJournal } from '../src/doctor/sqlite.js'
import { openStore } from '../src/store/open-store.js'
import { configure, type Deployment, deploymentsIn } from './doctor/deployments.js'
import { runCommand, temporaryFolder } from './server.js'
import { createPostgresDatabase, storeName } from './store/test-store.js'

const deploy = deploymentsIn(temporaryFolder())
const random = 'd3Vn0qz8Lx5KpRt2Yb7WmA9chJ4sFgEu'
const onSqlite = storeName === 'SQLite'

/** Changes what was stored, as nothing of ours would. */
async function tamper({ database }: Deployment, statement: string): Promise<void> {
  const store = await openStore(database.storeOptions)
  await sql.raw(onSqlite ? statement : statement.replace(/(update|delete from) /, '$1 latchkey.')).execute(store.db)
  await store.close()
}

describe('a deployment that was served', () => {
  it('has no fault, and each check a sentence', async () => {
    const { examine, folder, database } = await deploy()
    const { levels } = await examine()
    expect(Object.entries(levels).filter(([, level]) => level === 'fault')).toEqual([])
    expect(levels).toMatchObject({ clock: 'ok', database: 'ok', keys: 'ok', 'signing key': 'ok', 'next key': 'ok' })
    const { code, out, error } = await runCommand(folder, ['doctor'], '', database.environment)
    expect([code, error]).toEqual([0, ''])
    for (const line of out.split('\n')) expect(line).toMatch(/^(?:ok|warning) +[\w ]+? {2,}[A-Z0-9"].*[.0-9A-Z]$/)
  })

  it('is not changed: nothing is made where nothing is', async () => {
    const { examine, folder } = await deploy({ served: false })
    const { levels, texts } = await examine()
    if (onSqlite) {
      expect([levels.database, levels.keys]).toEqual(['fault', undefined])
      expect(texts.database).toContain(`There is no database in ${join(folder, 'data')}`)
    } else {
      expect([levels.database, texts.database]).toEqual(['fault', expect.stringContaining('run "latchkey migrate"')])
    }
    expect((await examine()).levels.database).toBe('fault')
  })

  it('says what is wrong with the configuration before anything else', async () => {
    const { folder, database } = await deploy({ served: false })
    const environment = { ...database.environment, LATCHKEY_SECRET: 'short', LATCHKEY_ISSUER: 'x' }
    const { code, error } = await runCommand(folder, ['doctor'], '', environment)
    expect([code, error]).toEqual([1, expect.stringMatching(/LATCHKEY_SECRET .*\n.*LATCHKEY_ISSUER /)])
    const wrong = await runCommand(folder, ['doctor', '--url', 'localhost:4000'], '', database.environment)
    expect([wrong.code, wrong.error]).toEqual([2, expect.stringContaining('must be an http or https URL')])
  })
})

describe('the database', () => {
  it('that has not had every migration is a fault, and is not migrated', async () => {
    const deployment = await deploy()
    await tamper(deployment, "delete from latchkey_migrations where name like '0002%'")
    for (let i = 0; i < 2; i++) {
      const { levels, texts } = await deployment.examine()
      expect([levels.database, levels.keys]).toEqual(['fault', undefined])
      expect(texts.database).toContain('has not had the migrations 0002')
    }
  })

  it('whose clock or whose machine is wrong is told', async () => {
    const { examine } = await deploy()
    const now = Date.now
    const at = async (ms: number) => {
      const spy = vi.spyOn(Date, 'now').mockImplementation(() => now() + ms)
      const { levels } = await examine().finally(() => spy.mockRestore())
      return [levels.clock, levels['clock offset']]
    }
    const years = 365 * 24 * 3600_000
    expect(await at(0)).toEqual(['ok', onSqlite ? undefined : 'ok'])
    expect(await at(10_000)).toEqual(['ok', onSqlite ? undefined : 'warning'])
    expect(await at(2 * 3600_000)).toEqual(['ok', onSqlite ? undefined : 'fault'])
    expect((await at(-10 * years))[0]).toBe('fault')
  })
})

describe('the signing keys', () => {
  it('that are old, or without a next one, are a warning', async () => {
    const old = await deploy()
    await tamper(old, 'update signing_keys set published_at = published_at - 40000000')
    expect((await old.examine()).levels).toMatchObject({ 'signing key': 'warning', 'next key': 'ok' })
    const alone = await deploy()
    await tamper(alone, 'delete from signing_keys where sign_from is null')
    expect((await alone.examine()).levels).toMatchObject({ 'signing key': 'ok', 'next key': 'warning' })
    const none = await deploy()
    await tamper(none, 'update signing_keys set sign_until = 1')
    expect((await none.examine()).levels['signing key']).toBe('fault')
  })

  it('that the secret does not open, or that were changed, are a fault that names them', async () => {
    const deployment = await deploy()
    const other = await deployment.examine({ LATCHKEY_SECRET: random })
    expect([other.levels.keys, other.texts.keys]).toEqual(['fault', expect.stringContaining('under another secret')])
    expect(other.texts.keys).not.toContain(random)
    await tamper(deployment, "update signing_keys set alg = 'ES256' where sign_from is null")
    const { levels, texts } = await deployment.examine()
    expect([levels.keys, texts.keys]).toEqual(['fault', expect.stringMatching(/The signing key [\w-]{43} .* changed/)])
  })
})

describe('the secret', () => {
  it.each([
    ['ok', random, 'has 32 bytes'],
    ['fault', 'a'.repeat(40), 'one character again and again'],
    ['fault', `${'0123456789'.repeat(4)},${random}`, 'a text of 10 characters again and again'],
    ['warning', 'correct horse battery staple and more', 'made of words'],
    ['warning', '2026-2027-2026-2028-2024-2025-2023', 'few characters'],
    ['warning', `${random},${random.toLowerCase()}`, 'holds two secrets'],
  ])('is %s: %s', async (level, secret, text) => {
    const { levels, texts } = await (await deploy({ served: false })).examine({ LATCHKEY_SECRET: secret })
    expect([levels.secret, texts.secret]).toEqual([level, expect.stringContaining(text)])
    expect(texts.secret).not.toContain(secret)
  })
})

describe('the configuration file', () => {
  const webhookSecret = `whsec_${Buffer.from(random).toString('base64')}`
  const webhooks = [{ url: 'https://hooks.example/', secret: webhookSecret, events: ['login'] }]

  it('is a fault when every user may read a secret in it, whose name alone is told', async () => {
    const deployment = await deploy()
    expect((await deployment.examine()).levels['config file']).toBeUndefined()
    configure(deployment, { registration: false })
    const path = join(deployment.folder, 'latchkey.config.json')
    chmodSync(path, 0o644)
    expect((await deployment.examine()).levels['config file']).toBe('ok')
    configure(deployment, { webhooks })
    const { levels, texts } = await deployment.examine()
    expect(levels['config file']).toBe('fault')
    expect(texts['config file']).toMatch(/holds secrets: webhooks\. Run: chmod 600 .*latchkey\.config\.json/)
    expect(texts['config file']).not.toContain(webhookSecret)
    chmodSync(path, 0o640)
    expect((await deployment.examine()).levels['config file']).toBe('ok')
  })

  it('may be read by everybody when its secrets come from the environment', async () => {
    const { folder, examine } = await deploy()
    const text = `export default { webhooks: [{ ...${JSON.stringify(webhooks[0])}, secret: process.env.HOOKS }] }`
    writeFileSync(join(folder, 'latchkey.config.js'), text.replace(webhookSecret, ''), { mode: 0o644 })
    const before = process.env.HOOKS
    process.env.HOOKS = webhookSecret
    onTestFinished(() => {
      if (before === undefined) delete process.env.HOOKS
      else process.env.HOOKS = before
    })
    expect((await examine()).levels['config file']).toBe('ok')
  })
})

describe('the list of breached passwords', () => {
  it('is a fault when it cannot be used, and says why', async () => {
    const deployment = await deploy()
    const path = join(deployment.folder, 'breached.txt')
    configure(deployment, { breachedPasswordsFile: path })
    const missing = await deployment.examine()
    expect([missing.levels.breached, missing.texts.breached]).toEqual(['fault', expect.stringContaining('ENOENT')])
    writeFileSync(path, `${'A'.repeat(40)}:1\n${'B'.repeat(40)}:1\n`)
    expect((await deployment.examine()).levels.breached).toBe('ok')
  })
})

describe.runIf(onSqlite)('the data folder', () => {
  it('is looked at before the database is opened: modes of the secret, of itself and of its files', async () => {
    const { examine, folder } = await deploy()
    const data = join(folder, 'data')
    const clean = (await examine()).levels
    expect(clean).toMatchObject({ secret: 'ok', 'secret file': 'ok', 'data folder': 'ok', 'data files': 'ok' })
    chmodSync(join(data, 'secret'), 0o640)
    expect((await examine()).levels).toMatchObject({ 'secret file': 'fault', 'data folder': 'ok', 'data files': 'ok' })
    chmodSync(join(data, 'secret'), 0o600)
    chmodSync(data, 0o750)
    expect((await examine()).levels).toMatchObject({ 'secret file': 'ok', 'data folder': 'warning' })
    chmodSync(join(data, 'latchkey.db'), 0o644)
    mkdirSync(join(data, 'old'))
    writeFileSync(join(data, 'old', 'copy.db'), '', { mode: 0o644 })
    const { levels, texts } = await examine()
    expect(levels['data files']).toBe('fault')
    expect(texts['data files']).toMatch(/2 of .* latchkey\.db, old\/copy\.db\./)
  })

  it('gives away the secret with everything else, unless that is kept elsewhere', async () => {
    const { examine, folder } = await deploy({ served: false })
    const environment = { LATCHKEY_SECRET: random }
    await runCommand(folder, ['key', 'list'], '', { LATCHKEY_DATA: join(folder, 'data'), ...environment })
    await runCommand(folder, ['migrate'], '', { LATCHKEY_DATA: join(folder, 'data') })
    const kept = await examine(environment)
    expect([kept.levels.copy, kept.texts.copy]).toEqual(['ok', expect.stringContaining('password hashes')])
    const { levels, texts } = await (await deploy()).examine()
    expect([levels.copy, texts.copy]).toEqual(['warning', expect.stringContaining('can sign tokens for everybody')])
    writeFileSync(join(folder, 'data', 'secret'), `${random}\n`, { mode: 0o600 })
    expect((await examine(environment)).levels.copy).toBe('warning')
  })

  it('needs room, and a disk of this machine', () => {
    const onDisk = { type: 0xef53, bsize: 4096, bavail: 2 ** 20 }
    const levels = (found: typeof onDisk) => checkFileSystem('unused', found).map(({ level }) => level)
    expect(levels(onDisk)).toEqual(['ok', 'ok'])
    expect(levels({ ...onDisk, bavail: 2 ** 16 })).toEqual(['warning', 'ok'])
    expect(levels({ ...onDisk, bavail: 100, type: 0x6969 })).toEqual(['fault', 'fault'])
  })

  it('holds a SQLite database, with a journal that loses nothing', async () => {
    const { examine, folder } = await deploy()
    expect((await examine()).levels).toMatchObject({ database: 'ok', journal: 'ok' })
    for (const [journal, synchronous] of [
      ['delete', 2],
      ['wal', 0],
    ] as const) {
      expect(judgeJournal(journal, synchronous).level).toBe('fault')
    }
    for (const end of ['', '-wal', '-shm']) rmSync(join(folder, 'data', `latchkey.db${end}`), { force: true })
    writeFileSync(join(folder, 'data', 'latchkey.db'), 'no database at all, but a text that is longer than its header')
    const { levels, texts } = await examine()
    expect([levels.database, texts.database]).toEqual(['fault', expect.stringContaining('is not a SQLite database')])
  })
})

describe.runIf(onSqlite)('the settings', () => {
  it.each([
    [{}, { issuer: 'ok', proxy: 'ok', NODE_ENV: 'ok', registration: 'ok', 'feed access': 'ok', metrics: 'ok' }],
    [{ LATCHKEY_ISSUER: 'http://id.example' }, { issuer: 'fault', proxy: 'ok' }],
    [{ LATCHKEY_ISSUER: 'https://id.example' }, { issuer: 'ok', proxy: 'warning' }],
    [
      { LATCHKEY_ISSUER: 'https://id.example', LATCHKEY_TRUSTED_PROXIES: '1' },
      { issuer: 'ok', proxy: 'ok' },
    ],
    [{ NODE_ENV: 'development' }, { NODE_ENV: 'ok' }],
    [{ NODE_ENV: 'development', HOST: '0.0.0.0' }, { NODE_ENV: 'fault' }],
    [{ NODE_ENV: 'development', LATCHKEY_ISSUER: 'https://id.example' }, { NODE_ENV: 'fault' }],
    [{ NODE_ENV: 'production', HOST: '0.0.0.0' }, { NODE_ENV: 'ok' }],
  ])('%j: %j', async (environment, expected) => {
    const { levels } = await (await deploy()).examine(environment as Record<string, string>)
    expect(levels).toMatchObject(expected)
  })

  it('are told where either is right: who may register, and who may read the feed', async () => {
    const deployment = await deploy()
    const open = (await deployment.examine()).texts
    expect([open.registration, open['feed access']]).toEqual([
      expect.stringMatching(/^Anybody/),
      expect.stringMatching(/^Anybody/),
    ])
    configure(deployment, { registration: false, feedAccess: 'key', accessTtlSeconds: 600 })
    const { levels, texts } = await deployment.examine({ NODE_ENV: 'development', HOST: '0.0.0.0' })
    expect(texts.registration).toMatch(/^Nobody/)
    expect(texts['feed access']).toContain('needs a key')
    expect(levels.NODE_ENV).toBe('ok')
  })

  it('name the limits that are off', async () => {
    const deployment = await deploy()
    expect((await deployment.examine()).levels.limits).toBe('ok')
    configure(deployment, { limits: { perAccount: 0, registrationsPerPrefix: 0 } })
    const { levels, texts } = await deployment.examine()
    expect(levels.limits).toBe('warning')
    expect(texts.limits).toMatch(/^Off are the limits perAccount, registrationsPerPrefix\./)
  })
})

it.runIf(onSqlite)('reads the database that the server has open', async () => {
  const { folder, examine } = await deploy()
  const database = new Database(join(folder, 'data', 'latchkey.db'))
  database.exec('begin immediate')
  expect((await examine()).levels.database).toBe('ok')
  database.close()
})

describe.runIf(!onSqlite)('PostgreSQL', () => {
  it('warns of a user with more rights than its tables need', async () => {
    const { examine, database } = await deploy()
    const superuser = await examine()
    expect([superuser.levels.rights, superuser.texts.rights]).toEqual([
      'warning',
      expect.stringContaining('is a superuser'),
    ])
    const role = `app_${randomBytes(4).toString('hex')}`
    const client = await connect(database.config.databaseUrl as string)
    for (const statement of [
      `create role ${role} login createrole password 'few-rights'`,
      `grant usage on schema latchkey to ${role}`,
      `grant select, insert, update, delete on all tables in schema latchkey to ${role}`,
    ]) {
      await client.query(statement)
    }
    const url = new URL(database.config.databaseUrl as string)
    Object.assign(url, { username: role, password: 'few-rights' })
    const few = { DATABASE_URL: url.href }
    expect((await examine(few)).texts.rights).toContain('DATABASE_URL may create roles.')
    await client.query(`alter role ${role} nocreaterole`)
    const { levels } = await examine(few)
    expect(levels).toMatchObject({ database: 'ok', rights: 'ok', keys: 'ok', 'database TLS': 'ok' })
  })

  it.each([
    ['fault', 'postgres://u:pass-word@db.invalid/x', {}],
    ['fault', 'postgres://u:pass-word@db.invalid/x?sslmode=disable', { PGSSLMODE: 'require' }],
    ['fault', 'postgres://u:pass-word@localhost/x?host=db.invalid', {}],
    ['warning', 'postgres://u:pass-word@db.invalid/x?sslmode=no-verify', {}],
    ['warning', 'postgres://u:pass-word@db.invalid/x?sslmode=require&uselibpqcompat=true', {}],
    ['ok', 'postgres://u:pass-word@db.invalid/x?sslmode=verify-full', {}],
    ['ok', 'postgres://u:pass-word@db.invalid/x', { PGSSLMODE: 'verify-full' }],
    ['ok', 'postgres://u:pass-word@127.0.0.1:1/x', {}],
  ])('%s for the way to %s with %j, which cannot be reached', async (level, DATABASE_URL, more) => {
    const { levels, texts } = await (await deploy({ served: false })).examine({ DATABASE_URL, ...more })
    expect([levels['database TLS'], levels.database]).toEqual([level, 'fault'])
    expect(texts.database).toContain('cannot be reached')
    expect(Object.values(texts).join()).not.toContain('pass-word')
  })

  it('names the transaction that holds back the feed', async () => {
    const { examine, database } = await deploy()
    expect((await examine()).levels.feed).toBe('ok')
    const client = await connect(database.config.databaseUrl as string, 'a nightly report')
    await client.query('begin; select pg_current_xact_id()')
    await expect.poll(async () => (await examine()).levels.feed, { timeout: 15_000, interval: 500 }).toBe('warning')
    const { texts } = await examine()
    expect(texts.feed).toMatch(
      /^Process \d+ \("a nightly report", idle in transaction\) .* pg_terminate_backend\(\d+\)$/,
    )
  })

  it('needs the secret from the environment', async () => {
    const { folder } = await deploy({ served: false })
    const environment = { DATABASE_URL: await createPostgresDatabase(), LATCHKEY_ISSUER: 'https://id.example' }
    const { code, out } = await runCommand(folder, ['doctor'], '', environment)
    expect([code, out]).toEqual([1, expect.stringContaining('There is no LATCHKEY_SECRET.')])
  })
})

async function connect(connectionString: string, name = 'test'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, application_name: name })
  await client.connect()
  onTestFinished(() => client.end())
  return client
}
