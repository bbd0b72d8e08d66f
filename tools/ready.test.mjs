import { spawn, spawnSync } from 'node:child_process'
import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('ready.mjs', import.meta.url))
const lock = fileURLToPath(new URL('../.ready.lock', import.meta.url))

const run = () =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (data) => (output += data))
    child.stderr.on('data', (data) => (output += data))
    child.on('close', (code) => resolve({ code, output }))
  })

describe('making a checkout ready', () => {
  it('says and installs nothing when nothing is missing, also three at once', async () => {
    for (const { code, output } of await Promise.all([run(), run(), run()])) expect([code, output]).toEqual([0, ''])
    expect(existsSync(lock)).toBe(false)
  })

  it('takes over the lock of a process that is gone', async () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid
    writeFileSync(lock, String(gone))
    for (const { code } of await Promise.all([run(), run()])) expect(code).toBe(0)
    expect(existsSync(lock)).toBe(false)
    expect(existsSync(`${lock}.${gone}`)).toBe(false)
  })

  it('takes over a lock whose maker ended before it wrote its name, or whose number is somebody else’s by now', async () => {
    for (const [owner, ageSeconds] of [
      ['', 10],
      [String(process.ppid), 3600],
    ]) {
      writeFileSync(lock, owner)
      const then = Date.now() / 1000 - ageSeconds
      utimesSync(lock, then, then)
      expect((await run()).code).toBe(0)
      expect(existsSync(lock)).toBe(false)
    }
  })
})
