import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createServerClock } from './server-clock.js'

const minute = 60_000
let hereMs = 0
beforeEach(() => {
  hereMs = 1_000_000
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => hereMs)
  return () => spy.mockRestore()
})

/** An answer that was written `writtenMs` after the beginning, by both clocks, and comes `laterMs` after that. */
function createEar() {
  const clock = createServerClock()
  return (writtenMs: number, laterMs: number, process: string | undefined = undefined, setMs = 0) => {
    hereMs = 1_000_000 + writtenMs + laterMs
    return clock.heard({
      nowMs: 5_000_000 + writtenMs + setMs,
      process: process === undefined ? undefined : { id: process, ms: 70_000 + writtenMs },
    })
  }
}

describe('an answer', () => {
  it('is as old as it came later than the quickest one, before it or after it', () => {
    const hear = createEar()
    expect(hear(0, 50)).toBe(0)
    expect(hear(1_000, 80)).toBe(30)
    expect(hear(2_000, 20)).toBe(0)
    expect(hear(3_000, 50)).toBe(30)
    expect(hear(4_000, 20)).toBe(0)
    expect(hear(5_000, 21)).toBe(1)
  })

  it('is compared with those of the last ten minutes alone, and of these with the quickest that is left', () => {
    const hear = createEar()
    hear(0, 10)
    hear(minute, 40)
    hear(2 * minute, 30)
    expect(hear(10 * minute, 60)).toBe(30)
    expect(hear(12 * minute, 60)).toBe(0)
  })

  it('at the very end of the ten minutes still counts', () => {
    const hear = createEar()
    hear(0, 10)
    // Both came 10 minutes apart, to the millisecond.
    expect(hear(10 * minute - 90, 100)).toBe(90)
    const late = createEar()
    late(0, 10)
    expect(late(10 * minute - 89, 100)).toBe(0)
  })

  it('is old only if both clocks of who wrote it say so', () => {
    const hear = createEar()
    hear(0, 10, 'a')
    expect(hear(1_000, 10, 'a', -500)).toBe(0)
    expect(hear(2_000, 400, 'a')).toBe(390)
    // A process that is heard for the first time has no clock to compare with.
    expect(hear(3_000, 400, 'b')).toBe(390)
    expect(hear(4_000, 300, 'b')).toBe(0)
    expect(hear(5_000, 350, 'b', -500)).toBe(50)
    expect(hear(6_000, 400)).toBe(390)
  })

  it('of a process that was not heard for more than ten minutes is the first of it', () => {
    const hear = createEar()
    hear(0, 10, 'a')
    hear(5 * minute, 10, 'b')
    expect(hear(10 * minute - 390, 400, 'a', -500)).toBe(390)
    const late = createEar()
    late(0, 10, 'a')
    late(5 * minute, 10, 'b')
    expect(late(10 * minute - 389, 400, 'a', -500)).toBe(890)
  })
})
