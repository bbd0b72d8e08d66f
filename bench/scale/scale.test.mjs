/** The short form of `npm run scale`: what must hold at any scale holds in it, whatever time it takes. */
import { spawn } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('run.mjs', import.meta.url))
let figures

beforeAll(async () => {
  figures = await runShort()
}, 240_000)

/** In a process of its own, since it replaces the clocks. */
function runShort() {
  const child = spawn(process.execPath, [script, '--short', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      said[name] += text
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(said.stdout)) : reject(new Error(said.stderr))))
  })
}

describe('many guards on a simulated clock and network', () => {
  const asItIs = () => [...figures.runs, figures.started].filter(({ isShipped }) => isShipped)

  it('no guard that calls itself fresh accepts a session one second after its revocation', () => {
    for (const { asked } of asItIs()) {
      expect(asked.checks).toBeGreaterThan(0)
      // There were such guards, and they said that they were late.
      expect(asked.acceptedLateFresh).toBe(0)
    }
    expect(figures.runs[0].asked.acceptedLate).toBeGreaterThan(0)
  })

  it('no copy calls itself younger than it is, behind caches, wrong clocks, pauses and cuts', () => {
    for (const { asked } of asItIs()) expect(asked).toMatchObject({ tooYoung: 0, other: 0 })
  })

  it('every guard refuses every session that was revoked, those of a transaction that commits late and of a cut, too', () => {
    for (const { probes, neverRefused, refusedAfterMs } of figures.runs) {
      expect(probes).toBeGreaterThan(0)
      expect(neverRefused).toBe(0)
      for (const [kind, times] of Object.entries(refusedAfterMs)) expect(times.length, kind).toBeGreaterThan(0)
    }
  })

  it('full pages come from the server once, however many guards start', () => {
    const { guards, historyRows, before } = figures.started
    expect(guards).toBeGreaterThan(1)
    expect(before.originFinalPages).toBe(Math.floor(historyRows / 10_000))
  })
})
