/** `latchkey serve` from its start to its first answer, and its memory when nobody asks it anything. */
import { readFileSync } from 'node:fs'
import { startLatchkey } from '../lib/latchkey-server.mjs'

const idleMs = 3_000

export const title = 'start and memory'

export async function run({ rounds }) {
  const seconds = []
  const mebibytes = []
  for (let round = 0; round < rounds; round++) {
    const server = await startLatchkey()
    seconds.push(server.answeredMs / 1000)
    await new Promise((resolve) => setTimeout(resolve, idleMs))
    mebibytes.push(residentMebibytes(server.pid))
    await server.end()
  }
  const results = (name, values) => [{ name, values }]
  return [
    {
      work: 'serve, from start to the first answer',
      unit: 'seconds',
      results: results('latchkey serve, a new SQLite file', seconds),
      goals: [{ name: 'latchkey serve, a new SQLite file', atMost: 0.5 }],
    },
    {
      work: 'serve, memory idle',
      unit: 'MiB resident',
      results: results('latchkey serve', mebibytes),
      goals: [{ name: 'latchkey serve', atMost: 90 }],
      notes: [`${idleMs / 1000} seconds after its first answer.`],
    },
  ]
}

/** As Linux says it. */
function residentMebibytes(pid) {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(kibibytes) / 1024
}
