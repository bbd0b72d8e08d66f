import type { Store } from '../store/store.js'
import { type Finding, fault, ok, warning } from './finding.js'

/** No clock that is right says an earlier time: this was written then. */
const writtenAtMs = Date.UTC(2026, 10, 1)
/** As docs/running.md has it for `latchkey_clock_offset_seconds`. */
const mostOffsetMs = 5_000
const unsoundOffsetMs = 3600_000

/** Looks whether the clock of this machine can be right at all. */
export function checkMachineClock(nowMs: number): Finding {
  const time = new Date(nowMs).toISOString()
  if (nowMs >= writtenAtMs) return ok('clock', `This machine's clock says ${time}.`)
  return fault('clock', `This machine's clock says ${time}, which is before this program was written.`, setRight)
}

/** Compares the clock of this machine with that of the database, by which tokens are issued. */
export function checkClockOffset(store: Pick<Store, 'clockOffsetMs'>): Finding {
  const offsetMs = store.clockOffsetMs()
  const found = `The database's clock less this machine's is ${(offsetMs / 1000).toFixed(1)} seconds.`
  if (Math.abs(offsetMs) <= mostOffsetMs) return ok('clock offset', found)
  if (Math.abs(offsetMs) < unsoundOffsetMs) return warning('clock offset', found, setRight)
  return fault('clock offset', `${found} Nothing is removed while it is an hour and more.`, setRight)
}

const setRight = 'Set the clocks right, and keep NTP running.'
