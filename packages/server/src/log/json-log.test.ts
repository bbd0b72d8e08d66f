import { spawn } from 'node:child_process'
import process from 'node:process'
import { expect, it, onTestFinished } from 'vitest'

/** A process that logs as `steps` say, and then goes on until it is ended; what it has printed so far. */
function startLogging(steps: string) {
  const script = `
    import { createJsonLog } from ${JSON.stringify(new URL('../../dist/log/json-log.js', import.meta.url).href)}
    const log = createJsonLog('info')
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
    ${steps}
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill())
  let text = ''
  const lines = () => text.split('\n').filter((line) => line !== '')
  return {
    read: () =>
      child.stdout.setEncoding('utf8').on('data', (some) => {
        text += some
      }),
    lines,
    ended: new Promise((resolve) => child.once('close', resolve)),
  }
}

it('prints each line within a moment, however quiet it is afterwards', async () => {
  const { read, lines } = startLogging(`log.info('first'); await pause(200); log.info('second', { of: 2 })`)
  read()
  await expect.poll(() => lines().length).toBe(2)
  expect(lines().map((line) => JSON.parse(line).msg)).toEqual(['first', 'second'])
})

it('prints what came while it was writing, when its reader goes on', async () => {
  const { read, lines } = startLogging(`
    for (let i = 0; i < 5000; i++) log.info('x'.repeat(100))
    await pause(100)
    log.info('last')`)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  read()
  await expect.poll(() => lines().length).toBe(5001)
  expect(JSON.parse(lines().at(-1) as string).msg).toBe('last')
})

it.each(['process.exit(0)', 'process.exitCode = 1; throw new Error()'])(
  'prints all before an end by %s',
  async (end) => {
    const { read, lines, ended } = startLogging(`for (let i = 0; i < 30; i++) log.info('line'); ${end}`)
    read()
    await ended
    expect(lines()).toHaveLength(30)
  },
)
