/** What a login (its hash left out), a refresh and a revocation take of PostgreSQL: the server's own services, its own schema. */
import { createRevocationCopy, createVerifier } from 'latchkey/token'
import pg from 'pg'
import { createClientTypes } from '../../packages/server/dist/client-types/index.js'
import { readConfig } from '../../packages/server/dist/config.js'
import { openTokens } from '../../packages/server/dist/create-latchkey/open-tokens.js'
import { createLogin } from '../../packages/server/dist/sessions/login.js'
import { createRefresh } from '../../packages/server/dist/sessions/refresh.js'
import { createRevoke } from '../../packages/server/dist/sessions/revoke.js'
import { createSessionChanges } from '../../packages/server/dist/sessions/session-changes.js'
import { openStore } from '../../packages/server/dist/store/open-store.js'
import { startPostgres } from '../lib/postgres.mjs'
import { quantile } from './random.mjs'

const atOnce = 12
const users = 150
const perOperation = 1_500

/** Undefined where there is no PostgreSQL. */
export async function measureDatabase() {
  const server = await startPostgres().catch((error) => {
    console.error(`PostgreSQL is left out: ${error.message}`)
  })
  if (server === undefined) return undefined
  const services = await openServices(server.url)
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    await addUsers(client)
    return await measure(services, client)
  } finally {
    await client.end()
    await services.store.close()
    await server.end()
  }
}

async function openServices(databaseUrl) {
  const config = await readConfig({
    environment: {},
    argument: { databaseUrl, issuer: 'https://id.example', secret: 'a secret of more than thirty-two bytes' },
  })
  const store = await openStore(config)
  const { signingKeys, tokens } = await openTokens(store, config)
  const { roles, issuer } = config
  const changes = createSessionChanges({ store, revocations: createRevocationCopy() })
  const verifier = createVerifier({ keys: signingKeys.verifyKeys(), issuer, audience: issuer })
  const hashing = {
    hash: () => Promise.reject(new Error('Nothing is to be hashed here')),
    check: async () => ({ right: true, outdated: false, startedAtMs: performance.now() }),
  }
  const login = createLogin({
    ...{ store, changes, roles, tokens, clientTypes: createClientTypes({ store, hashing }) },
    equalTime: { wait: async () => {} },
  })
  return {
    store,
    login,
    refresh: createRefresh({ store, changes, roles, tokens }),
    revoke: createRevoke({ store, changes, verifier }),
  }
}

async function addUsers(client) {
  const { rows } = await client.query(
    "select table_schema as schema from information_schema.tables where table_name = 'sessions'",
  )
  await client.query(`set search_path to ${rows[0].schema}`)
  await client.query(
    `insert into users (nickname, role, created_at) select 'ann', 'user', 0 from generate_series(1, ${users})`,
  )
  await client.query(`insert into identities (uid, client_type, account, secret_hash, secret_form, created_at)
    select uid, 100, 'user' || uid || '@example.org', '-', '-', 0 from users`)
}

async function measure({ store, login, refresh, revoke }, client) {
  const pairs = []
  const sizeOf = async (table) => {
    await client.query(`vacuum full ${table}`)
    const { rows } = await client.query(
      `select pg_total_relation_size('${table}') as bytes, (select count(*) from ${table}) as count`,
    )
    return rows[0].bytes / rows[0].count
  }
  const logins = await time(client, 'login, its hash left out', async (number) => {
    const account = `user${1 + (number % users)}@example.org`
    pairs.push(await login({ type: 100, account, secret: '-' }))
  })
  const refreshes = await time(client, 'refresh', async (number) => {
    pairs[number] = JSON.parse(await refresh({ refresh_token: pairs[number].refresh_token }, {}))
  })
  const tables = [{ name: 'sessions that were refreshed', bytesARow: await sizeOf('sessions') }]
  const revocations = await time(client, 'revocation', (number) => revoke(pairs[number].refresh_token, {}))
  const operations = [logins, refreshes, revocations]
  for (const name of ['revocations', 'audit_events']) tables.push({ name, bytesARow: await sizeOf(name) })
  await client.query(`insert into revocations (kind, id, min, expires_at) select kind, id || number, min, expires_at
    from revocations, generate_series(1, 7) as number`)
  const times = []
  for (let turn = 0; turn < 7; turn++) {
    const began = performance.now()
    const { rows } = await store.readFeed('', 10_000)
    times.push(performance.now() - began)
    if (rows.length !== 10_000) throw new Error('The feed must have a full page')
  }
  return { operations, tables, feedPageMs: quantile(times, 0.5), atOnce }
}

async function time(client, name, work) {
  const state = async () => {
    const { rows } = await client.query(
      `select pg_current_wal_lsn() - '0/0' as wal, pg_snapshot_xmax(pg_current_snapshot())::text as xid`,
    )
    return { wal: Number(rows[0].wal), xid: Number(rows[0].xid) }
  }
  const before = await state()
  const began = performance.now()
  let begun = 0
  const some = async () => {
    while (begun < perOperation) await work(begun++)
  }
  await Promise.all(Array.from({ length: atOnce }, some))
  const seconds = (performance.now() - began) / 1000
  const after = await state()
  return {
    name,
    aSecond: perOperation / seconds,
    walBytes: (after.wal - before.wal) / perOperation,
    transactions: (after.xid - before.xid) / perOperation,
  }
}
