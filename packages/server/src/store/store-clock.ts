/** The store's clock: one time for all nodes, whatever each one's own clock says. */
import { uptime } from 'node:os'

export interface StoreClock {
  /** Milliseconds since the epoch. */
  nowMs(): number
  /**
   * The database said `nowMs` in an answer to what was asked at `askedAtMs` (on `performance.now()`). It said so at some moment
   * between then and now, so that it is now at least as late as it said, and at most later by the time the answer took.
   * Undefined: the database has no other clock than the machine's.
   */
  heard(nowMs: number | undefined, askedAtMs: number): void
  /** How the time was last found to have been set; undefined when it never was. */
  jump(): ClockJump | undefined
  /** The store's time less that of this machine, in milliseconds. */
  offsetMs(): number
  /**
   * False where the time is not to be trusted, so that what is needed could look as if it were over: two clocks disagree by an
   * hour, or one was set by as much since this process started and within a day.
   */
  isSound(): boolean
}

export interface ClockJump {
  readonly byMs: number
  readonly agoMs: number
}

/** Less than this is how clocks are kept right. */
const jumpLimitMs = 1_000
/** By how much the time may be wrong where it is called sound. */
const soundWithinMs = 3600_000
const jumpFeltMs = 24 * 3600_000

interface Anchor {
  readonly nowMs: number
  readonly atMs: number
  /** Since the machine started; unlike `performance.now()` it goes on while the machine sleeps. */
  readonly uptimeMs: number
}

/**
 * Makes the clock. It runs on from what the database said last, by the clock of this machine that nobody sets: a node whose own
 * clock is wrong, or is set while it runs, still writes and compares the same moments as all others. Before the first answer,
 * and where the database has no other clock than the machine's, it is the machine's. A `clock` that is given is taken instead.
 */
export function createStoreClock(clock?: () => number): StoreClock {
  if (clock !== undefined) {
    return Object.freeze({ nowMs: clock, heard() {}, jump: () => undefined, offsetMs: () => 0, isSound: () => true })
  }
  const after = ({ nowMs, atMs }: Anchor, moment: number) => nowMs + (moment - atMs)
  let anchor: Anchor | undefined
  let machine: Anchor | undefined
  let jump: { readonly byMs: number; readonly atMs: number } | undefined
  /** By all jumps, until there was none for a day: several small ones may be a great one. */
  let setByMs = 0

  const wasSetLately = (atMs: number) => jump !== undefined && atMs - jump.atMs < jumpFeltMs

  /** The moment nearest to what was known that the answer allows. */
  function correct(known: Anchor | undefined, least: number, most: number, atMs: number): Anchor {
    const uptimeMs = uptime() * 1000
    const sleptMs = known === undefined ? 0 : Math.max(0, uptimeMs - known.uptimeMs - (atMs - known.atMs))
    const expected = known === undefined ? least : after(known, atMs) + (sleptMs > jumpLimitMs ? sleptMs : 0)
    const nowMs = Math.min(Math.max(expected, least), most)
    if (Math.abs(nowMs - expected) > jumpLimitMs) {
      if (!wasSetLately(atMs)) setByMs = 0
      jump = { byMs: nowMs - expected, atMs }
      setByMs += jump.byMs
    }
    return { nowMs, atMs, uptimeMs }
  }

  const now = () => (anchor === undefined ? Date.now() : after(anchor, performance.now()))
  const offsetMs = () => now() - Date.now()
  return Object.freeze({
    nowMs: now,
    heard(nowMs: number | undefined, askedAtMs: number) {
      const atMs = performance.now()
      if (nowMs === undefined) machine = correct(machine, Date.now(), Date.now(), atMs)
      else anchor = correct(anchor, nowMs, nowMs + (atMs - askedAtMs), atMs)
    },
    jump: () => jump && { byMs: jump.byMs, agoMs: performance.now() - jump.atMs },
    offsetMs,
    isSound() {
      const wasSet = Math.abs(setByMs) > soundWithinMs && wasSetLately(performance.now())
      return !wasSet && Math.abs(offsetMs()) < soundWithinMs
    },
  })
}
