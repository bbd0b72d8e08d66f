/** Logins, refreshes and revocations beside ten million sessions, against the same beside a thousand. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { pathOf } from '../lib/processes.mjs'
import { median } from '../lib/rounds.mjs'

const sizes = [1_000, 10_000_000]
const requestsARound = 36
const bytesPerSession = 3_600

export const title = 'growth (half an hour, for the filling)'

export async function run({ rounds }) {
  const tables = []
  for (const store of ['SQLite', 'PostgreSQL']) tables.push(...(await compare(store, rounds)))
  return tables
}

/** One store after the other: each leaves nothing behind, so that the disk needs room for one. */
async function compare(store, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  try {
    const { bavail, bsize } = statfsSync(folder)
    const needed = Math.max(...sizes) * bytesPerSession
    if (bavail * bsize < needed) throw new Error(`${folder} must have ${Math.ceil(needed / 1e9)} GB free`)
    const [few, many] = await timesOf(store, join(folder, 'times.json'), rounds)
    return Object.keys(few.times).map((name) => {
      const results = [few, many].map(({ sessions, times }) => ({
        name: `beside ${sessions.toLocaleString('en')} sessions`,
        values: batches(times[name], rounds).map(median),
      }))
      const [base, other] = results.map((result) => result.name)
      return {
        ...{ work: `${name} beside many sessions, ${store}`, unit: 'ms', base, results },
        goals: name === 'session list' ? [] : [{ name: other, atMost: 1.2, against: base }],
        notes: [`Each round is the median of ${requestsARound} requests, on rows anywhere in the tables, in turns.`],
      }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** By the growth run of the server's tests, which fills the databases. */
async function timesOf(store, file, rounds) {
  const env = {
    ...process.env,
    GROWTH_SIZES: sizes.join(),
    GROWTH_ROUNDS: String(rounds * requestsARound),
    GROWTH_TIMES: file,
  }
  const words = ['run', '--project', store, 'packages/server/test/store/growth.test.ts', '-t', 'rounds on databases']
  const vitest = pathOf('../node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, ...words], { cwd: pathOf('..'), env, stdio: ['ignore', 2, 2] })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`the growth run on ${store} failed`)
  return JSON.parse(readFileSync(file, 'utf8'))
}

function batches(values, rounds) {
  return Array.from({ length: rounds }, (_, round) =>
    values.slice(round * requestsARound, (round + 1) * requestsARound),
  )
}
