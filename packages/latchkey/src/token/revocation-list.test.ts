import { randomBytes } from 'node:crypto'
import process from 'node:process'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { beginRead, createRevocationCopy } from './revocation-copy.js'
import { createRevocationList, type RevocationList } from './revocation-list.js'

const newSid = () => randomBytes(16).toString('base64url')
const row = (id: string, min: number, expiresAt = 1000) => ({ kind: 's', id, min, expiresAt })
const callsAround = 256
/** Of random histories; fewer for whoever runs them a thousand times. */
const runs = Number(process.env.REVOCATION_RUNS ?? 150)

function sweepAround(list: RevocationList, nowSeconds: number): void {
  for (let i = 0; i < callsAround; i++) list.sweep(nowSeconds)
}

/** The least generation that is let through, of those up to 10. */
function minimumOf(list: RevocationList, sid: string): number {
  return Array.from({ length: 11 }, (_, gen) => gen).findIndex((gen) => !list.refuses({ sid, gen }, ''))
}

/** Answers how many arrays were made since. */
function countArrays(): () => number {
  let made = 0
  class Counted extends Uint32Array {
    constructor(length: number) {
      super(length)
      made++
    }
  }
  vi.stubGlobal('Uint32Array', Counted)
  onTestFinished(() => void vi.unstubAllGlobals())
  return () => made
}

describe('the list of revocations', () => {
  it('refuses the generations below the minimum of a session, and of no other', () => {
    const list = createRevocationList()
    const [sid, other] = [newSid(), newSid()]
    list.apply([row(sid, 3)])
    expect([2, 3, 4].map((gen) => list.refuses({ sid, gen }, 'k'))).toEqual([true, false, false])
    expect(list.refuses({ sid: other, gen: 0 }, 'k')).toBe(false)
  })

  it('never lowers a minimum, in whatever order and however often rows come', () => {
    const sids = Array.from({ length: 5 }, newSid)
    const rows = fc.array(fc.record({ at: fc.nat(4), min: fc.integer({ min: 1, max: 2 ** 31 - 1 }) }), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(rows, fc.nat(), (given, seed) => {
        const expected = new Map<string, number>()
        const all = given.map(({ at, min }) => row(sids[at] as string, min))
        for (const { id, min } of all) expected.set(id, Math.max(min, expected.get(id) ?? 0))
        const list = createRevocationList()
        for (let i = 0; i < all.length; i++) list.apply([all[(i * 7 + seed) % all.length] as (typeof all)[0]])
        list.apply(all)
        for (const sid of sids) {
          const min = expected.get(sid) ?? 0
          expect(list.refuses({ sid, gen: min }, '')).toBe(false)
          if (min > 0) expect(list.refuses({ sid, gen: min - 1 }, '')).toBe(true)
        }
        expect(list.size).toBe(expected.size)
      }),
      { numRuns: 2 * runs },
    )
  })

  it('finds each of a hundred thousand sessions again, and no stranger', () => {
    const list = createRevocationList()
    const sids = Array.from({ length: 100_000 }, newSid)
    list.apply(sids.map((sid) => row(sid, 1)))
    expect(list.size).toBe(100_000)
    expect(sids.every((sid) => list.refuses({ sid, gen: 0 }, ''))).toBe(true)
    expect(sids.some(() => list.refuses({ sid: newSid(), gen: 0 }, ''))).toBe(false)
  })

  it('tells sessions apart that differ in one bit, wherever it is', () => {
    const bytes = randomBytes(16)
    const list = createRevocationList()
    list.apply([row(bytes.toString('base64url'), 1)])
    for (let bit = 0; bit < 128; bit++) {
      const other = Buffer.from(bytes)
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(list.refuses({ sid: other.toString('base64url'), gen: 0 }, '')).toBe(false)
    }
  })

  it('forgets what has expired, and nothing else', () => {
    const list = createRevocationList()
    const old = Array.from({ length: 1000 }, newSid)
    const young = Array.from({ length: 1000 }, newSid)
    list.apply([...old.map((sid) => row(sid, 1, 100)), ...young.map((sid) => row(sid, 1, 101))])
    sweepAround(list, 100)
    expect(list.size).toBe(1000)
    expect(young.every((sid) => list.refuses({ sid, gen: 0 }, ''))).toBe(true)
    expect(old.some((sid) => list.refuses({ sid, gen: 0 }, ''))).toBe(false)
  })

  it('forgets a small part at each call, and everything in 256', () => {
    const list = createRevocationList()
    const young = Array.from({ length: 1000 }, newSid)
    list.apply(Array.from({ length: 100_000 }, () => row(newSid(), 1, 100)))
    list.apply(young.map((sid) => row(sid, 1, 101)))
    let greatest = 0
    for (let i = 0; i < callsAround; i++) {
      const before = list.size
      list.sweep(100)
      greatest = Math.max(greatest, before - list.size)
      expect(young.every((sid) => list.refuses({ sid, gen: 0 }, ''))).toBe(true)
    }
    expect(greatest).toBeLessThan(20_000)
    expect(list.size).toBe(1000)
  })

  it('loses no row that comes while it forgets, whether or not its session was in the list', () => {
    const list = createRevocationList()
    const old = Array.from({ length: 100_000 }, newSid)
    list.apply(old.map((sid) => row(sid, 5, 100)))
    const again: string[] = []
    const fresh: string[] = []
    for (let i = 0; i < callsAround; i++) {
      list.sweep(100)
      again.push(...old.slice(i * 10, i * 10 + 10))
      fresh.push(...Array.from({ length: 10 }, newSid))
      list.apply(fresh.slice(-10).map((sid) => row(sid, 4, 50)))
      // Lower than before, and for longer.
      list.apply([...again.slice(-10), ...fresh.slice(-10)].map((sid) => row(sid, 3, 200)))
    }
    sweepAround(list, 100)
    expect(list.size).toBe(again.length + fresh.length)
    expect(again.every((sid) => list.refuses({ sid, gen: 2 }, '') && !list.refuses({ sid, gen: 5 }, ''))).toBe(true)
    expect(fresh.every((sid) => list.refuses({ sid, gen: 3 }, '') && !list.refuses({ sid, gen: 4 }, ''))).toBe(true)
    sweepAround(list, 200)
    expect(list.size).toBe(0)
  })

  it('refuses what a map would, whatever comes and is forgotten, also of sessions whose ids are alike', {
    timeout: 60_000,
  }, () => {
    const words = [0, 1, 0x7fffffff, 0xfffffff0, 0xffffffff]
    const sids = Array.from({ length: 60 }, (_, i) => {
      const bytes = randomBytes(16)
      if (i % 4 > 0) bytes[0] = 7
      if (i % 4 > 0) bytes.writeUInt32BE(words[i % words.length] as number, 4)
      return bytes.toString('base64url')
    })
    const rows = fc.array(
      fc.tuple(fc.nat(sids.length - 1), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 60 })),
    )
    const steps = fc.array(fc.record({ rows, passed: fc.nat(15) }), { maxLength: 8, size: 'max' })
    fc.assert(
      fc.property(steps, (given) => {
        const list = createRevocationList()
        const model = new Map<string, { min: number; expiresAt: number }>()
        let now = 0
        for (const { rows, passed } of given) {
          for (const [at, min, ttl] of rows) {
            const sid = sids[at] as string
            const known = model.get(sid)
            list.apply([row(sid, min, now + ttl)])
            const expiresAt = Math.max(known?.expiresAt ?? 0, now + ttl)
            model.set(sid, { min: Math.max(known?.min ?? 0, min), expiresAt })
          }
          now += passed
          sweepAround(list, now)
          for (const [sid, { expiresAt }] of model) if (expiresAt <= now) model.delete(sid)
          expect(list.size).toBe(model.size)
          for (const sid of sids) expect(minimumOf(list, sid)).toBe(model.get(sid)?.min ?? 0)
        }
      }),
      { numRuns: runs },
    )
  })

  it('refuses, while it forgets, at least what has not expired and at most what ever came', () => {
    const others = Array.from({ length: 30_000 }, (_, i) => row(newSid(), 1, i % 60))
    const sids = Array.from({ length: 20 }, newSid)
    const change = fc.tuple(fc.nat(sids.length - 1), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 20 }))
    const steps = fc.array(fc.record({ change, passed: fc.nat(3) }), { minLength: 10, maxLength: 60 })
    fc.assert(
      fc.property(steps, (given) => {
        const list = createRevocationList()
        list.apply(others)
        const least = new Map<string, { min: number; expiresAt: number }>()
        const most = new Map<string, number>()
        let now = 0
        for (const { change, passed } of given) {
          const [at, min, ttl] = change
          const sid = sids[at] as string
          list.apply([row(sid, min, now + ttl)])
          const known = least.get(sid)
          const expiresAt = Math.max(known?.expiresAt ?? 0, now + ttl)
          least.set(sid, { min: Math.max(known?.min ?? 0, min), expiresAt })
          most.set(sid, Math.max(most.get(sid) ?? 0, min))
          now += passed
          list.sweep(now)
          for (const [sid, { expiresAt }] of least) if (expiresAt <= now) least.delete(sid)
          for (const sid of sids) {
            const found = minimumOf(list, sid)
            expect(found).toBeGreaterThanOrEqual(least.get(sid)?.min ?? 0)
            expect(found).toBeLessThanOrEqual(most.get(sid) ?? 0)
          }
        }
        sweepAround(list, now)
        expect(list.size).toBe(least.size + others.filter(({ expiresAt }) => expiresAt > now).length)
        sweepAround(list, now + 60)
        expect(list.size).toBe(0)
      }),
      { numRuns: runs / 5 },
    )
  })

  it('makes few of its 256 parts larger at the same time', () => {
    const arraysMade = countArrays()
    const list = createRevocationList()
    // Pages as they are read, over more than one doubling of every part.
    const madeByPages = Array.from({ length: 45 }, () => {
      const before = arraysMade()
      list.apply(Array.from({ length: 10_000 }, () => row(newSid(), 1)))
      return arraysMade() - before
    }).slice(15)
    expect(madeByPages.reduce((sum, made) => sum + made)).toBeGreaterThan(256)
    expect(Math.max(...madeByPages)).toBeLessThan(64)
  })

  it('has small parts again when it has forgotten', () => {
    const arraysMade = countArrays()
    const list = createRevocationList()
    const rows = Array.from({ length: 20_000 }, () => row(newSid(), 1, 100))
    const madeByFilling = () => {
      const before = arraysMade()
      list.apply(rows)
      return arraysMade() - before
    }
    const first = madeByFilling()
    sweepAround(list, 100)
    expect(first).toBeGreaterThan(3 * 256)
    expect(madeByFilling()).toBeGreaterThanOrEqual(first - 1)
  })

  it('refuses every token of a key, and counts kinds that it does not know', () => {
    const list = createRevocationList()
    const unknown = list.apply([
      { kind: 'k', id: 'old', min: 0, expiresAt: 100 },
      { kind: 'z', id: 'x', min: 0, expiresAt: 100 },
    ])
    expect(unknown).toBe(1)
    expect([list.refuses({ sid: newSid(), gen: 9 }, 'old'), list.refuses({ sid: newSid(), gen: 9 }, 'new')]).toEqual([
      ...[true, false],
    ])
    list.sweep(100)
    expect(list.refuses({ sid: newSid(), gen: 9 }, 'old')).toBe(false)
  })

  it('keeps a key to the latest of the moments that it was told for it, in whatever order, and counts it once', () => {
    const list = createRevocationList()
    for (const expiresAt of [100, 300, 200]) list.apply([{ kind: 'k', id: 'old', min: 0, expiresAt }])
    list.apply([row(newSid(), 1)])
    expect(list.size).toBe(2)
    list.sweep(299)
    expect(list.refusesKey('old')).toBe(true)
    list.sweep(300)
    expect(list.refusesKey('old')).toBe(false)
  })

  it('passes over what is no sid', () => {
    const list = createRevocationList()
    list.apply(['', 'x', 'é'.repeat(22), 'A'.repeat(21), 'A'.repeat(23)].map((id) => row(id, 1)))
    expect(list.size).toBe(0)
    expect(list.refuses({ sid: '', gen: 0 }, '')).toBe(false)
  })

  it('has another version after every change, and the same without one', () => {
    const list = createRevocationList()
    const before = list.version
    list.apply([])
    expect(list.version).toBe(before)
    list.apply([row(newSid(), 1)])
    expect(list.version).not.toBe(before)
  })
})

describe('a copy', () => {
  it('has no age before the first read, and then that since the read began', async () => {
    const copy = createRevocationCopy()
    expect(copy.ageMs()).toBeUndefined()
    const began = beginRead()
    await new Promise((resolve) => setTimeout(resolve, 30))
    copy.readUpTo(began)
    expect(copy.ageMs()).toBeGreaterThanOrEqual(29)
  })

  it('is as old as the answer said it was when it began', () => {
    const copy = createRevocationCopy()
    copy.readUpTo(beginRead(), 5000)
    expect(copy.ageMs()).toBeGreaterThanOrEqual(5000)
  })

  it('is as young as its last read, also when the one before was old', () => {
    const copy = createRevocationCopy()
    copy.readUpTo(beginRead(), 60_000)
    copy.readUpTo(beginRead(), 3000)
    expect(copy.ageMs()).toBeGreaterThanOrEqual(3000)
    expect(copy.ageMs()).toBeLessThan(4000)
    copy.readUpTo(beginRead())
    expect(copy.ageMs()).toBeLessThan(1000)
  })

  it('is not made older by an answer that was long under way, nor younger by one that is old itself', () => {
    const copy = createRevocationCopy()
    const early = { ...beginRead(), monotonicMs: performance.now() - 10_000, wallMs: Date.now() - 10_000 }
    copy.readUpTo(beginRead())
    copy.readUpTo(early)
    copy.readUpTo(beginRead(), 60_000)
    expect(copy.ageMs()).toBeLessThan(1000)
  })

  it('is old after a sleep that only the wall clock saw, and after a step back of it', () => {
    const asleep = createRevocationCopy()
    asleep.readUpTo({ monotonicMs: performance.now(), wallMs: Date.now() - 3_600_000 })
    expect(asleep.ageMs()).toBeGreaterThanOrEqual(3_600_000)
    const setBack = createRevocationCopy()
    setBack.readUpTo({ monotonicMs: performance.now() - 5000, wallMs: Date.now() + 3_600_000 })
    expect(setBack.ageMs()).toBeGreaterThanOrEqual(5000)
  })

  it.each([
    ['from its start', 0, 3_000, 60],
    ['later', 600, 3_900, 61],
  ])(
    'forgets what expired an hour ago, and not by a clock that was wrong for less than that: %s',
    (_, from, to, first) => {
      const copy = createRevocationCopy()
      const now = 1_000_000
      copy.apply([row(newSid(), 1, now + 60), row(newSid(), 1, now + 7_200)])
      let passedSeconds = 0
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => passedSeconds * 1000)
      onTestFinished(() => clock.mockRestore())
      const day = 24 * 3600
      const sizes: number[] = []
      for (; passedSeconds <= 4 * 3600; passedSeconds += 60) {
        const isWrong = passedSeconds >= from && passedSeconds < to
        copy.sweep(now + passedSeconds + (isWrong ? day : 0))
        sizes.push(copy.size)
      }
      // By the minute: an hour after it began and the one expired, and an hour after the other did.
      expect([sizes.indexOf(1), sizes.indexOf(0)]).toEqual([first, 180])
    },
  )

  it('heeds every time that it was told, however often it is told', () => {
    const copy = createRevocationCopy()
    const now = 1_000_000
    copy.apply([row(newSid(), 1, now + 7_200)])
    let passedSeconds = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => passedSeconds * 1000)
    onTestFinished(() => clock.mockRestore())
    const sizes = new Map<number, number>()
    for (; passedSeconds <= 9100; passedSeconds += 10) {
      // A day ahead, but for one moment in an hour.
      const isRight = passedSeconds % 3600 === 1830
      copy.sweep(now + passedSeconds + (isRight ? 0 : 24 * 3600))
      sizes.set(passedSeconds, copy.size)
    }
    // It expired at 7200; told so at 9030, when the moment before that is an hour old.
    expect([sizes.get(9020), sizes.get(9100)]).toEqual([1, 0])
  })
})
