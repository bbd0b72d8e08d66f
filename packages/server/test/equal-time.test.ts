/**
 * A wrong secret for an account that exists, whatever is the matter with it, and for one that does not: the same answer and, in
 * the long form (`npm run equal-time -w @latchkey/server`), times of the same distribution.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formOf, hashArgon2id, recommendedCost } from '../src/accounts/argon2id.js'
import { openStore } from '../src/store/open-store.js'
import type { Store } from '../src/store/store.js'
import { median, sameDistribution } from './equal-time/same-distribution.js'
import { type Answer, postJson, secret, temporaryFolder } from './server.js'
import { type Serving, serve } from './start-process.js'
import { createTestDatabase } from './store/test-store.js'

const tries = Number(process.env.EQUAL_TIME_TRIES ?? 6)
const isLong = process.env.EQUAL_TIME_TRIES !== undefined
const warmUps = isLong ? 20 : 0

/** Accounts that exist; `disabled` and `deleted` by their user, `without` a password, and two by what their hash costs. */
const kinds = ['known', 'disabled', 'deleted', 'without', 'cheaper', 'dearer'] as const
const costs = { cheaper: { ...recommendedCost, passes: 1 }, dearer: { ...recommendedCost, passes: 3 } }
type Kind = (typeof kinds)[number] | 'other'

const folder = temporaryFolder()
let server: Serving
beforeAll(async () => {
  const { environment, storeOptions } = await createTestDatabase(folder)
  // Before the server measures what the dearest of them takes.
  const store = await openStore(storeOptions)
  for (const kind of kinds) await addUsers(store, kind)
  await store.close()
  const none = { perAccountAndPrefix: 0, perPrefix: 0, perAccount: 0, registrationsPerPrefix: 0 }
  writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ limits: none }))
  server = await serve({ folder, environment })
})
afterAll(() => server.end())

const accountOf = (kind: Kind, number: number) => `${kind}.${String(number).padStart(4, '0')}@example.org`

async function addUsers(store: Store, kind: (typeof kinds)[number]): Promise<void> {
  const cost = kind === 'cheaper' || kind === 'dearer' ? costs[kind] : recommendedCost
  const secret_hash = kind === 'without' ? null : await hashArgon2id(Buffer.from(secret), cost)
  const common = { status: kind === 'deleted' ? 0 : 1, created_at: 1 }
  const identity = { client_type: 100, secret_hash, secret_form: secret_hash && formOf(cost), ...common }
  await store.transaction(async (transaction) => {
    for (let i = 0; i < tries; i++) {
      const user = { nickname: kind, role: 'user', disabled_at: kind === 'disabled' ? 1 : null, ...common }
      const { uid } = await transaction.insertInto('users').values(user).returning('uid').executeTakeFirstOrThrow()
      await transaction
        .insertInto('identities')
        .values({ uid, account: accountOf(kind, i), ...identity })
        .execute()
    }
  })
}

/** All of it but what is another one in each answer. */
function seen({ status, headers, text }: Answer): string {
  const told = [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id')
  return JSON.stringify([status, told, text])
}

it('a wrong secret is answered alike for accounts of every kind, and for none', { timeout: 1_800_000 }, async () => {
  const all: readonly Kind[] = [...kinds, 'other']
  const answers = new Set<string>()
  const timesMs = new Map(all.map((kind) => [kind, [] as number[]]))
  for (let i = -warmUps; i < tries; i++) {
    // By turns, and by turns first: whatever the machine does meanwhile, it does to all of them.
    const first = (i + warmUps) % all.length
    for (const kind of [...all.slice(first), ...all.slice(0, first)]) {
      const login = { account: accountOf(kind, Math.max(i, 0)), secret: 'another passphrase', type: 100 }
      const beganMs = performance.now()
      const answer = await postJson(server.url, '/v1/token', login)
      if (i >= 0) timesMs.get(kind)?.push(performance.now() - beganMs)
      answers.add(seen(answer))
    }
  }
  expect([...answers]).toEqual([expect.stringMatching(/^\[401,.*auth_failed/)])
  expect([...timesMs.values()].map(({ length }) => length)).toEqual(all.map(() => tries))
  // They are what they are taken for.
  const right = async (kind: Kind) => {
    const login = { account: accountOf(kind, 0), secret, type: 100 }
    return (await postJson(server.url, '/v1/token', login)).status
  }
  for (const kind of ['known', 'cheaper', 'dearer'] as const) expect([kind, await right(kind)]).toEqual([kind, 201])
  for (const kind of ['disabled', 'deleted', 'without'] as const) expect([kind, await right(kind)]).toEqual([kind, 401])
  if (!isLong) return
  const others = timesMs.get('other') as number[]
  const lines = kinds.map((kind) => {
    const times = timesMs.get(kind) as number[]
    const [one, other] = [median(times), median(others)]
    const p = sameDistribution(times, others)
    // One in a hundred, shared by all that are compared.
    const isAlike = Math.abs(one / other - 1) < 0.05 && p > 0.01 / kinds.length
    const text = `${kind}: medians ${one.toFixed(2)} ms, ${other.toFixed(2)} ms (unknown), p ${p.toFixed(3)}, ${tries} of each`
    console.log(text)
    return { isAlike, text }
  })
  expect(lines.filter(({ isAlike }) => !isAlike).map(({ text }) => text)).toEqual([])
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
