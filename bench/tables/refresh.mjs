/** Refreshes over HTTP, against commits of one row by the same store alone: each refresh is on disk before it is answered. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { logInMany, postJson, startLatchkey } from '../lib/latchkey-server.mjs'

const atOnce = 16
const sessions = 3 * atOnce
const roundMs = 1_500

export const title = 'refresh'

export async function run({ rounds }) {
  const server = await startLatchkey()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const database = openDatabase(join(folder, 'bare.db'))
  const bare = { name: 'commits of one row, SQLite FULL', values: [] }
  const ours = { name: 'latchkey, POST /v1/token/refresh', values: [] }
  try {
    const tokens = (await logInMany(server.url, sessions)).map(({ refresh_token }) => refresh_token)
    for (let round = -1; round < rounds; round++) {
      const commits = commitsASecond(database)
      const refreshes = await refreshesASecond(server.url, tokens)
      if (round < 0) continue
      bare.values.push(commits)
      ours.values.push(refreshes)
    }
  } finally {
    database.close()
    rmSync(folder, { recursive: true, force: true })
    await server.end()
  }
  return [
    {
      ...{ work: `refresh over HTTP, ${atOnce} at a time, SQLite`, unit: 'a second', more: true, base: bare.name },
      results: [bare, ours],
      goals: [{ name: ours.name, times: 0.5, against: bare.name }],
    },
  ]
}

/** As the server opens its own. */
function openDatabase(path) {
  const database = new Database(path)
  database.pragma('journal_mode = wal')
  database.pragma('synchronous = full')
  database.exec('create table rows (id integer primary key, turn integer) strict')
  const insert = database.prepare('insert into rows values (?, 0)')
  for (let id = 0; id < sessions; id++) insert.run(id)
  return database
}

function commitsASecond(database) {
  const update = database.prepare('update rows set turn = turn + 1 where id = ?')
  const began = performance.now()
  let done = 0
  while (performance.now() - began < roundMs) update.run(done++ % sessions)
  return (done / (performance.now() - began)) * 1000
}

async function refreshesASecond(url, tokens) {
  const began = performance.now()
  let done = 0
  // Each has sessions of its own: a token that is used twice ends its session.
  const some = async (_, own) => {
    for (let turn = 0; performance.now() - began < roundMs; turn++) {
      const index = own + atOnce * (turn % (tokens.length / atOnce))
      const pair = await postJson(`${url}/v1/token/refresh`, { refresh_token: tokens[index] })
      tokens[index] = pair.refresh_token
      done++
    }
  }
  await Promise.all(Array.from({ length: atOnce }, some))
  return (done / (performance.now() - began)) * 1000
}
