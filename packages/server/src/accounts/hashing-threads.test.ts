import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { expect, it } from 'vitest'
import { runHashJob } from './hashing-threads.js'

const secret = Buffer.from('correct horse battery')
const options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** The priorities of the threads of this process, as proc(5) has them: 0 is usual, more is lower. */
const nices = () =>
  readdirSync('/proc/self/task').map((task) => {
    const stat = readFileSync(`/proc/self/task/${task}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })

it('hashes and checks, several at once', async () => {
  const [one, other] = (await Promise.all([
    runHashJob({ secret, options }),
    runHashJob({ secret, options }),
  ])) as string[]
  expect(one).not.toBe(other)
  const checks = [one, other].map((stored) => runHashJob({ stored: stored as string, secret }))
  expect(await Promise.all(checks)).toEqual([true, true])
  expect(await runHashJob({ stored: one as string, secret: Buffer.from('another') })).toBe(false)
})

it.runIf(process.platform === 'linux')(
  'leaves the processor to requests: its threads come after all others',
  async () => {
    await Promise.all([runHashJob({ secret, options }), runHashJob({ secret, options })])
    // Of a process that comes late itself they do not come sooner.
    const own = getPriority()
    expect(nices().filter((nice) => nice === Math.max(own, 10)).length).toBeGreaterThanOrEqual(2)
    expect(nices().filter((nice) => nice === own).length).toBeGreaterThan(4)
    expect(Math.min(...nices())).toBe(own)
  },
)

it('rejects what the library refuses, and goes on', async () => {
  await expect(runHashJob({ secret, options: { ...options, memoryCost: 1 } })).rejects.toThrow()
  await expect(runHashJob({ stored: 'no hash', secret })).rejects.toThrow()
  expect(typeof (await runHashJob({ secret, options }))).toBe('string')
})
