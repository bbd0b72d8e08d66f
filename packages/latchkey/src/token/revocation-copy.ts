/** Revocations that are copied from elsewhere, and how old the copy is. */
import { createRevocationList, type RevocationList } from './revocation-list.js'

/** When something began, on both clocks. */
export interface Began {
  readonly monotonicMs: number
  readonly wallMs: number
}

export interface RevocationCopy extends RevocationList {
  /** A read that began then brought every row up to that moment, or up to `ageMs` before it. */
  readUpTo(began: Began, ageMs?: number): void
  ageMs(wallMs?: number): number | undefined
  /**
   * To be called after each read; goes around as a list does. Forgets what had expired an hour ago, and by every time that it
   * was told since: a clock that is wrong for a while must not make it forget who was logged out, since nobody would tell it
   * again.
   */
  sweep(nowSeconds: number): void
}

const heldBackMs = 3600_000
/** Of the times that were told in so long, the least counts for all of them. */
const timesTogetherMs = 60_000

/** This moment, to be given to `readUpTo` once a read that begins now has ended. */
export function beginRead(): Began {
  return { monotonicMs: performance.now(), wallMs: Date.now() }
}

/** Makes an empty copy, which has no age until the first read. */
export function createRevocationCopy(): RevocationCopy {
  const list = createRevocationList()
  let began: Began | undefined
  let before = 0
  const times: { readonly atMs: number; nowSeconds: number }[] = []

  function ageMs(wallMs = Date.now()): number | undefined {
    if (began === undefined) return undefined
    // The monotonic clock stands still while a machine sleeps, the wall clock may be set back; the larger one is right.
    return before + Math.max(performance.now() - began.monotonicMs, wallMs - began.wallMs, 0)
  }

  return Object.freeze({
    get version() {
      return list.version
    },
    get size() {
      return list.size
    },
    apply: list.apply,
    refuses: list.refuses,
    refusesKey: list.refusesKey,
    sweep(nowSeconds: number) {
      const atMs = performance.now()
      const longAgoMs = atMs - heldBackMs
      const last = times.at(-1)
      if (last === undefined || atMs - last.atMs >= timesTogetherMs) times.push({ atMs, nowSeconds })
      else last.nowSeconds = Math.min(last.nowSeconds, nowSeconds)
      while (times[1] !== undefined && times[1].atMs <= longAgoMs) times.shift()
      if ((times[0]?.atMs as number) > longAgoMs) return
      list.sweep(Math.min(...times.map((time) => time.nowSeconds)))
    },
    ageMs,
    readUpTo(moment: Began, olderMs = 0) {
      const known = ageMs()
      const age = olderMs + Math.max(performance.now() - moment.monotonicMs, Date.now() - moment.wallMs, 0)
      // An answer that was long under way says less than what is known already.
      if (known !== undefined && known < age) return
      began = moment
      before = olderMs
    },
  })
}
