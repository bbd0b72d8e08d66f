import { expect, it } from 'vitest'
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
  expect(clock.nowMs()).toBe(5)
})
