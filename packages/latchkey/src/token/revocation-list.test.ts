import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { beginRead, createRevocationCopy } from './revocation-copy.js'
import { createRevocationList } from './revocation-list.js'

const newSid = () => randomBytes(16).toString('base64url')
const row = (id: string, min: number, expiresAt = 1000) => ({ kind: 's', id, min, expiresAt })

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
      { numRuns: 300 },
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
    list.sweep(100)
    expect(list.size).toBe(1000)
    expect(young.every((sid) => list.refuses({ sid, gen: 0 }, ''))).toBe(true)
    expect(old.some((sid) => list.refuses({ sid, gen: 0 }, ''))).toBe(false)
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
})
