import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createStoreClock } from './store-clock.js'

const near = (milliseconds: number, expected: number) => expect(Math.abs(milliseconds - expected)).toBeLessThan(100)
const hour = 3_600_000

it('is the machine’s until the database has said what time it is, and then the database’s', () => {
  const clock = createStoreClock()
  near(clock.nowMs(), Date.now())
  clock.heard(Date.now() + hour, performance.now())
  near(clock.nowMs(), Date.now() + hour)
})

it('believes no answer more than its way allows', () => {
  const clock = createStoreClock()
  clock.heard(5000, performance.now())
  // An answer that took ten seconds may be as old as that.
  clock.heard(1000, performance.now() - 10_000)
  near(clock.nowMs(), 5000)
  clock.heard(1000, performance.now() - 2000)
  near(clock.nowMs(), 3000)
  clock.heard(9000, performance.now() - 2000)
  near(clock.nowMs(), 9000)
})

it('is the one that was given, whatever the database says', () => {
  const clock = createStoreClock(() => 5)
  clock.heard(Date.now(), performance.now())
  expect([clock.nowMs(), clock.jump(), clock.offsetMs(), clock.isSound()]).toEqual([5, undefined, 0, true])
})

describe('a database whose time is set', () => {
  it.each([
    ['back', -5_000],
    ['forward', 5_000],
  ])('%s is told from a slow answer, and from a clock that is kept right', (_, byMs) => {
    const clock = createStoreClock()
    // The first answer says what time it is, however wrong the machine is.
    clock.heard(100_000, performance.now())
    clock.heard(100_900, performance.now())
    clock.heard(100_000, performance.now())
    clock.heard(94_000, performance.now() - 10_000)
    expect(clock.jump()).toBeUndefined()
    clock.heard(100_000 + byMs, performance.now())
    near(clock.jump()?.byMs as number, byMs)
    near(clock.nowMs(), 100_000 + byMs)
  })

  it('was set by what the slowness of its answer does not explain, and as long ago as it was', async () => {
    const clock = createStoreClock()
    clock.heard(100_000, performance.now())
    clock.heard(90_000, performance.now() - 4_000)
    near(clock.jump()?.byMs as number, -6_000)
    await pause(200)
    near(clock.jump()?.agoMs as number, 200)
    // The last time counts.
    clock.heard(97_000, performance.now())
    near(clock.jump()?.byMs as number, 2_800)
    near(clock.jump()?.agoMs as number, 0)
  })

  it('was not set when the machine slept, of which the monotonic clock knows nothing', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const clock = createStoreClock()
    const began = Date.now()
    clock.heard(100_000, performance.now())
    await pause(1_500)
    clock.heard(100_000 + Date.now() - began, performance.now())
    expect(clock.jump()).toBeUndefined()
  })

  it('is as far from the machine’s as it says', () => {
    const clock = createStoreClock()
    near(clock.offsetMs(), 0)
    clock.heard(Date.now() - hour, performance.now())
    near(clock.offsetMs(), -hour)
    clock.heard(Date.now() + hour, performance.now())
    near(clock.offsetMs(), hour)
  })

  it.each([
    ['back', -1],
    ['forward', 1],
  ])('%s by more than an hour is not sound for a day, nor is one that far from the machine’s', (_, way) => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const clock = createStoreClock()
    clock.heard(Date.now() - way * (hour - 1), performance.now())
    expect(clock.isSound()).toBe(true)
    clock.heard(Date.now(), performance.now())
    expect([clock.jump(), clock.isSound()]).toEqual([{ byMs: way * (hour - 1), agoMs: 0 }, true])

    const far = createStoreClock()
    far.heard(Date.now() - way * (hour + 1), performance.now())
    expect([far.jump(), far.isSound()]).toEqual([undefined, false])
    far.heard(Date.now(), performance.now())
    expect([far.jump(), far.isSound()]).toEqual([{ byMs: way * (hour + 1), agoMs: 0 }, false])
    vi.advanceTimersByTime(24 * hour - 1)
    expect(far.isSound()).toBe(false)
    vi.advanceTimersByTime(1)
    expect(far.isSound()).toBe(true)
  })

  it('is not sound again because it is set a little more, but when it is set right', () => {
    const clock = createStoreClock()
    clock.heard(Date.now(), performance.now())
    for (const byMs of [2 * hour, 2 * hour + 1_500]) {
      clock.heard(Date.now() + byMs, performance.now())
      // The machine's clock was set as well.
      vi.useFakeTimers({ now: Date.now() + byMs, toFake: ['Date'] })
      onTestFinished(() => void vi.useRealTimers())
      expect(clock.isSound()).toBe(false)
      vi.useRealTimers()
    }
    clock.heard(Date.now(), performance.now())
    expect(clock.isSound()).toBe(true)
  })
})
