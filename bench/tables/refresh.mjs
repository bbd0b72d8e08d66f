/** Refreshes over HTTP, against commits of one row by the same store alone: each refresh is on disk before it is answered. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'
import { logInMany, startLatchkey } from '../lib/latchkey-server.mjs'
import { expectStatus, openLoad, postText } from '../lib/load.mjs'
import { startPostgres } from '../lib/postgres.mjs'

const atOnce = 16
const sessions = 3 * atOnce
const roundMs = 1_000
const warmUpMs = 5_000

export const title = 'refresh'

export async function run({ rounds }) {
  const { postgres, missing } = await startPostgres().then(
    (postgres) => ({ postgres }),
    ({ message }) => ({ missing: `PostgreSQL is left out: ${message.split('\n')[0]}.` }),
  )
  try {
    const tables = [await compare({ rounds, store: 'SQLite', openBare: openSqlite, notes: missing && [missing] })]
    if (postgres) tables.push(await compareOnPostgres(postgres, rounds))
    return tables
  } finally {
    await postgres?.end()
  }
}

/** Both on the same server, with its default: a commit is on disk before it is answered. */
async function compareOnPostgres({ url }, rounds) {
  const environment = { DATABASE_URL: url, LATCHKEY_SECRET: 'a secret of more than thirty-two bytes' }
  const openBare = () => openPostgres(url)
  return compare({ rounds, store: 'PostgreSQL', openBare, environment })
}

async function compare({ rounds, store, openBare, environment, notes }) {
  const bare = { name: 'commits of one row', values: [] }
  const ours = { name: 'latchkey, POST /v1/token/refresh', values: [] }
  const alone = await openBare()
  let server
  let load
  try {
    server = await startLatchkey({ environment })
    load = await openLoad(server.url, atOnce)
    const tokens = (await logInMany(server.url, sessions)).map(({ refresh_token }) => refresh_token)
    await expectRefused(load, tokens[0])
    const refresh = refreshInTurns(tokens)
    await alone.commitsASecond(roundMs)
    await load.work(refresh, warmUpMs)
    for (let round = 0; round < rounds; round++) {
      bare.values.push(await alone.commitsASecond(roundMs))
      ours.values.push(await load.work(refresh, roundMs))
    }
  } finally {
    load?.close()
    await server?.end()
    await alone.end()
  }
  return {
    ...{ work: `refresh over HTTP, ${atOnce} at a time, ${store}`, unit: 'a second', more: true, base: bare.name },
    ...{ results: [bare, ours], notes },
    goals: [{ name: ours.name, times: 0.5, against: bare.name }],
  }
}

/** Each connection has sessions of its own: a token that is used twice ends its session. */
function refreshInTurns(tokens) {
  const turns = new Array(atOnce).fill(0)
  return async (ask, connection) => {
    const index = connection + atOnce * (turns[connection]++ % (tokens.length / atOnce))
    const { body } = await expectStatus(ask(textOf(tokens[index])), 201)
    tokens[index] = JSON.parse(body).refresh_token
  }
}

const textOf = (token) => postText('/v1/token/refresh', { refresh_token: token })

function expectRefused(load, token) {
  const wrong = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')
  return load.work((ask) => expectStatus(ask(textOf(wrong)), 401), 1)
}

/** As the server opens its own. SQLite makes one commit at a time. */
function openSqlite() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const database = new Database(join(folder, 'bare.db'))
  database.pragma('journal_mode = wal')
  database.pragma('synchronous = full')
  database.exec('create table rows (id integer primary key, turn integer) strict')
  const insert = database.prepare('insert into rows values (?, 0)')
  for (let id = 0; id < sessions; id++) insert.run(id)
  const update = database.prepare('update rows set turn = turn + 1 where id = ?')
  return {
    commitsASecond(ms) {
      const began = performance.now()
      let done = 0
      while (performance.now() - began < ms) update.run(done++ % sessions)
      return (done / (performance.now() - began)) * 1000
    },
    end() {
      database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A connection for each that is in flight, and rows of its own: nobody waits for another's lock. */
async function openPostgres(url) {
  const clients = Array.from({ length: atOnce }, () => new pg.Client({ connectionString: url }))
  await Promise.all(clients.map((client) => client.connect()))
  const { rows } = await clients[0].query('show synchronous_commit')
  if (rows[0].synchronous_commit !== 'on') throw new Error('PostgreSQL must wait for the disk')
  await clients[0].query('create table rows (id integer primary key, turn integer)')
  await clients[0].query('insert into rows select id, 0 from generate_series(0, $1) as id', [sessions - 1])
  const text = 'update rows set turn = turn + 1 where id = $1'
  return {
    async commitsASecond(ms) {
      const began = performance.now()
      let done = 0
      const some = async (client, own) => {
        for (let turn = 0; performance.now() - began < ms; turn++) {
          await client.query({ name: 'update', text, values: [own + atOnce * (turn % (sessions / atOnce))] })
          done++
        }
      }
      await Promise.all(clients.map(some))
      return (done / (performance.now() - began)) * 1000
    },
    end: () => Promise.all(clients.map((client) => client.end())),
  }
}
