/**
 * A server and three services at half of the capacity of the machine, while signing keys are rotated and retired: no token is
 * accepted wrongly, and none refused wrongly; nobody is turned away; memory stays as it is. The load knows what each token is
 * worth at each moment (hour/model.ts, hour/judge.ts).
 *
 * `npm run hour -w @latchkey/server` does so for an hour with a rotation every minute; the suite for a few seconds, and then plants
 * faults that must be found. HOUR_SEED repeats a run's choices.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { flatness, isBelowItsPeak } from './hour/flat.js'
import { Journal } from './hour/journal.js'
import { openRun, type Run } from './hour/run.js'
import { summarise, trendsOf } from './hour/summary.js'
import { sleep } from './store/kills/calls.js'
import { createChoices } from './store/kills/choices.js'
import { storeName } from './store/test-store.js'

const isLong = process.env.HOUR_MINUTES !== undefined
const seconds = isLong ? Number(process.env.HOUR_MINUTES) * 60 : 8
const seed = Number(process.env.HOUR_SEED ?? Date.now() % 2 ** 31)
const [rotateEverySeconds, ttlSeconds] = isLong ? [60, 60] : [3, 5]
const measureEverySeconds = isLong ? Math.max(1, seconds / 60) : 1
const timeout = seconds * 1000 + 240_000
const never = Number.POSITIVE_INFINITY
const folder = mkdtempSync(join(tmpdir(), 'latchkey-hour-'))
const everyKind = [
  ...['change the password', 'log in', 'log out everywhere', 'refresh', 'revoke by the access token'],
  ...['revoke by the refresh token', 'refresh of what has ended', 'log in with the old password'],
  ...['good', 'revoked', 'of a retired key', 'expired', 'tampered', 'unsigned'].flatMap(shownInBoth),
  ...['HMAC with the public key', 'another key or kid'].flatMap(shownInBoth),
].sort()

function shownInBoth(kind: string): string[] {
  return [`${kind}, Basic`, `${kind}, Bearer`]
}

let run: Run
beforeAll(async () => {
  const [users, capacitySeconds] = isLong ? [100, 12] : [12, 1]
  run = await openRun({ folder, seed, users, capacitySeconds, rotateEverySeconds, ttlSeconds })
}, 180_000)
afterAll(async () => {
  await run?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}, 60_000)

describe(`at half of the capacity on ${storeName}, seed ${seed}`, () => {
  it('no token is accepted or refused wrongly while keys are rotated and retired', { timeout }, async () => {
    const went = await run.go({ seconds, measureEverySeconds })
    console.log(summarise(`${storeName}, seed ${seed}`, run, went))
    const { journal, rotations } = went
    expect([...run.beyond.violations, ...journal.violations]).toEqual([])
    const { wrongAccepts, wrongRefusals, odd, busy, unanswered } = journal
    expect([wrongAccepts, wrongRefusals, odd, busy, unanswered]).toEqual([0, 0, 0, 0, 0])
    expect(run.world.serverLog()).toBe('')
    // It was what it says.
    expect(rotations.rotated).toBeGreaterThan(0)
    expect(rotations.leastLeadSeconds).toBeGreaterThanOrEqual(rotateEverySeconds / 2)
    expect(rotations.rows).toBeLessThanOrEqual(2 + rotations.rotated)
    // The next one, the one that signs, and the one before until it is retired.
    expect(rotations.published).toBeLessThanOrEqual(3)
    if (!isLong) return
    // Who waits for a busy machine catches up, up to a point.
    expect(journal.unsent / journal.answers).toBeLessThan(0.05)
    expect([...journal.counts.keys()].sort()).toEqual(everyKind)
    expect(trendsOf(went).flatMap(({ name, isFlat }) => (isFlat ? [] : [name]))).toEqual([])
  })
})

describe.skipIf(isLong || storeName === 'PostgreSQL')('a fault that is planted is found:', { timeout: 60_000 }, () => {
  /** Plants it again and again under load, until something is found. */
  async function find(plant: () => unknown, what: RegExp): Promise<void> {
    const options = { seconds: 40, measureEverySeconds: 60, rotates: false, violationsAtMost: 1 }
    let isOver = false
    const going = run.go(options).finally(() => {
      isOver = true
    })
    while (!isOver) {
      await plant()
      await sleep(100)
    }
    const { violations } = (await going).journal
    expect(violations).not.toEqual([])
    for (const violation of violations) expect(violation).toMatch(what)
  }
  // What was planted is still about.
  afterEach(() => run.renew())
  const good = () => run.load.model.issued.filter(({ ends }) => ends.every(({ askedAtMs }) => askedAtMs === never))

  it('a token that is refused as expired before the load takes it for that', async () => {
    const plant = () => {
      for (const token of good()) token.expiresAtMs += 1_000_000
    }
    await find(plant, /wrong refusal: .*token_expired/)
  })

  it('a revocation that the load knows of, and the server does not', async () => {
    const plant = () => run.load.model.end(good().slice(0, 3)).acknowledge()
    await find(plant, /wrong accept, [1-9]\d{3} ms after .* revoked, /)
  })

  it('a revocation that the server knows of, and the load does not', async () => {
    const { model, guards, choices } = run.load
    const plant = async () => {
      const [session] = choices.oneOf(model.users).sessions
      if (session === undefined) return
      await guards[0].exchange('POST', '/v1/token/revoke', undefined, { token: session.refreshToken })
    }
    await find(plant, /wrong refusal: .*(token_revoked|refresh_invalid)/)
  })

  it('a key that the load takes for retired, and the server does not', async () => {
    const { model } = run.load
    const plant = () => {
      for (const key of model.keys.values()) {
        if (key.end.askedAtMs !== never) continue
        key.end.askedAtMs = performance.now()
        model.retire(key)
      }
    }
    await find(plant, /wrong accept, [1-9]\d{3} ms after .* (of a retired key|revoked), .* key seen/)
  })

  it('a token that is accepted after the load took it for expired', async () => {
    const plant = () => {
      for (const token of good().slice(0, 3)) token.expiresAtMs = Date.now()
    }
    // Named for what it was chosen as: one that was sent in the millisecond in which it was planted was still good.
    await find(plant, /wrong accept(, -?\d+ ms after .*)?: (expired|revoked|good), /)
  })

  it('a good token among those that the load takes for forged', async () => {
    const { forgeries } = run.load
    run.load.forgeries = { ...forgeries, next: (_, choose) => choose()?.text }
    try {
      await find(() => {}, /wrong accept: (tampered|unsigned|HMAC|another)/)
    } finally {
      run.load.forgeries = forgeries
    }
  })
})

describe('the journal', () => {
  const endedAtMs = 5000
  const ended = { ends: [{ askedAtMs: 4000, ackedAtMs: endedAtMs }], expiresAtMs: never }
  const at = (ms: number) => ({ ms, dateMs: ms })
  const asked = (sentMs: number, status: number, ageMs?: number) => ({
    ...{ kind: 'revoked', guard: 'express', ageMs, status, sent: at(sentMs), answered: at(sentMs + 10) },
  })
  it.each<[string, number, number, number | undefined, [number, number]]>([
    ['accepted before anybody asked for its end', 3980, 200, 10, [0, 0]],
    ['refused before that', 3980, 401, undefined, [0, 1]],
    ['refused when it may have ended', 3995, 401, undefined, [0, 0]],
    ['accepted within a second', 5999, 200, 900, [0, 0]],
    ['accepted later by who says it is fresh', 6001, 200, 1000, [1, 0]],
    ['accepted later by who says it is not', 6001, 200, 1001, [0, 0]],
    ['accepted two seconds later by who says it is not', 7001, 200, 1001, [1, 0]],
    ['accepted within two seconds by who says nothing', 6999, 200, undefined, [0, 0]],
    ['accepted after two seconds by who says nothing', 7001, 200, undefined, [1, 0]],
    ['refused later', 9000, 401, undefined, [0, 0]],
  ])('judges a token %s', (_, sentMs, status, ageMs, [accepts, refusals]) => {
    const journal = new Journal()
    journal.note(ended, asked(sentMs, status, ageMs))
    expect([journal.wrongAccepts, journal.wrongRefusals]).toEqual([accepts, refusals])
    expect(journal.violations).toHaveLength(accepts + refusals)
  })

  it('counts 429 and 503 apart, and holds any other answer against who gave it', () => {
    const journal = new Journal()
    for (const status of [429, 503, 500, 404, 301]) journal.note(ended, asked(9000, status))
    const { busy, odd, violations, wrongAccepts, wrongRefusals } = journal
    expect([busy, odd, violations.length, wrongAccepts, wrongRefusals]).toEqual([2, 3, 3, 0, 0])
  })
})

describe('what stays as it is', () => {
  const choices = createChoices(1, 'flat')
  const noisy = (each: (i: number) => number) =>
    Array.from({ length: 60 }, (_, i) => each(i) + choices.between(-50, 50) / 10)

  it.each<[string, boolean, number[]]>([
    ['with noise', true, noisy(() => 100)],
    ['after warming up', true, noisy((i) => Math.min(100, 50 + 4 * i))],
    ['that falls', true, noisy((i) => 200 - i)],
    ['but for a step up and down again', true, noisy((i) => (i > 25 && i < 35 ? 150 : 100))],
    ['that grows by a fifth of a percent each time', false, noisy((i) => 100 + i / 5)],
    ['that doubles at the end', false, noisy((i) => (i > 45 ? 200 : 100))],
    ['without values', false, []],
  ])('%s: %s', (_, isFlat, values) => {
    expect(flatness(values).isFlat).toBe(isFlat)
  })

  it.each<[string, boolean, number[]]>([
    ['falls and comes back', true, noisy((i) => (i > 20 && i < 35 ? 80 : 100))],
    ['comes back to more than it was', false, noisy((i) => (i < 20 ? 100 : 75 + i))],
    ['has no values', false, []],
  ])('what %s is below its peak: %s', (_, isBelow, values) => {
    expect(isBelowItsPeak(values)).toBe(isBelow)
  })
})
