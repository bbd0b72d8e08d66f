/** The store's clock: one time for all nodes, whatever each one's own clock says. */

export interface StoreClock {
  /** Milliseconds since the epoch. */
  nowMs(): number
  /**
   * The database said `nowMs` in an answer to what was asked at `askedAtMs` (on `performance.now()`). It said so at some moment
   * between then and now, so that it is now at least as late as it said, and at most later by the time the answer took.
   */
  heard(nowMs: number, askedAtMs: number): void
}

/**
 * Makes the clock. It runs on from what the database said last, by the clock of this machine that nobody sets: a node whose own
 * clock is wrong, or is set while it runs, still writes and compares the same moments as all others. Before the first answer,
 * and where the database has no other clock than the machine's, it is the machine's. A `clock` that is given is taken instead.
 */
export function createStoreClock(clock?: () => number): StoreClock {
  if (clock !== undefined) return Object.freeze({ nowMs: clock, heard() {} })
  let anchor: { readonly nowMs: number; readonly atMs: number } | undefined
  const after = ({ nowMs, atMs }: NonNullable<typeof anchor>, moment: number) => nowMs + (moment - atMs)
  return Object.freeze({
    nowMs: () => (anchor === undefined ? Date.now() : after(anchor, performance.now())),
    heard(nowMs: number, askedAtMs: number) {
      const atMs = performance.now()
      const [least, most] = [nowMs, nowMs + (atMs - askedAtMs)]
      const known = anchor === undefined ? least : after(anchor, atMs)
      anchor = { nowMs: Math.min(Math.max(known, least), most), atMs }
    },
  })
}
