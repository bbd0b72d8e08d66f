/**
 * A wrong secret for an account that exists, and for one that does not: the same answer and, in the long form
 * (`npm run equal-time -w @latchkey/server`), times of the same distribution.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { median, sameDistribution } from './equal-time/same-distribution.js'
import { type Answer, ann, postJson, temporaryFolder } from './server.js'
import { type Serving, serve } from './start-process.js'
import { createTestDatabase } from './store/test-store.js'

const tries = Number(process.env.EQUAL_TIME_TRIES ?? 20)
const isLong = process.env.EQUAL_TIME_TRIES !== undefined
const warmUps = 20

const folder = temporaryFolder()
let server: Serving
beforeAll(async () => {
  const { environment } = await createTestDatabase(folder)
  const none = { perAccountAndPrefix: 0, perPrefix: 0, perAccount: 0, registrationsPerPrefix: 0 }
  writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ limits: none }))
  server = await serve({ folder, environment })
})
afterAll(() => server.end())

const accountOf = (kind: 'known' | 'other', number: number) => `${kind}.${String(number).padStart(4, '0')}@example.org`

/** All of it but what is another one in each answer. */
function seen({ status, headers, text }: Answer): string {
  const told = [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
  return JSON.stringify([status, told, text])
}

it('a wrong secret is answered alike for known and unknown accounts', { timeout: 600_000 }, async () => {
  for (let i = 0; i < tries; i++) {
    const form = { ...ann, account: accountOf('known', i) }
    expect((await postJson(server.url, '/v1/client/register', form)).status).toBe(201)
  }
  const answers = new Set<string>()
  const timesMs = { known: [] as number[], other: [] as number[] }
  for (let i = -warmUps; i < tries; i++) {
    // By turns, and by turns first: whatever the machine does meanwhile, it does to both.
    for (const kind of i % 2 === 0 ? (['known', 'other'] as const) : (['other', 'known'] as const)) {
      const login = { account: accountOf(kind, Math.max(i, 0)), secret: 'another passphrase', type: 100 }
      const beganMs = performance.now()
      const answer = await postJson(server.url, '/v1/token', login)
      if (i >= 0) timesMs[kind].push(performance.now() - beganMs)
      answers.add(seen(answer))
    }
  }
  expect([...answers]).toEqual([expect.stringMatching(/^\[401,.*auth_failed/)])
  expect([timesMs.known.length, timesMs.other.length]).toEqual([tries, tries])
  if (!isLong) return
  const [known, other] = [median(timesMs.known), median(timesMs.other)]
  const p = sameDistribution(timesMs.known, timesMs.other)
  const line = `medians ${known.toFixed(2)} ms (known), ${other.toFixed(2)} ms (unknown), p ${p.toFixed(3)}, ${tries} of each`
  console.log(line)
  expect(Math.abs(known / other - 1), line).toBeLessThan(0.05)
  expect(p, line).toBeGreaterThan(0.01)
})

describe('the test of distributions', () => {
  const even = (count: number, first = 0, last = 1) =>
    Array.from({ length: count }, (_, i) => first + ((last - first) * (i + 0.5)) / count)

  it('knows what is the same, and what is not at all', () => {
    expect(sameDistribution(even(300), even(300))).toBe(1)
    expect(sameDistribution([3, 3, 3, 3], [3, 3, 3, 3])).toBe(1)
    expect(sameDistribution(even(300), even(300, 2, 3))).toBeLessThan(1e-12)
  })

  it('has the critical values of the tables, for 300 and 300', () => {
    // A shift of d makes the greatest difference d. Table: 1.36 of sqrt(2/300) at 5 %, 1.63 at 1 %.
    const shifted = (d: number) => sameDistribution(even(300), even(300, d, 1 + d))
    expect(shifted(1.36 * Math.sqrt(2 / 300))).toBeGreaterThan(0.03)
    expect(shifted(1.36 * Math.sqrt(2 / 300))).toBeLessThan(0.06)
    expect(shifted(1.63 * Math.sqrt(2 / 300))).toBeGreaterThan(0.005)
    expect(shifted(1.63 * Math.sqrt(2 / 300))).toBeLessThan(0.012)
  })

  it('has the median between the two in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5])
  })
})
