import type { Store } from '../store/store.js'
import { type Finding, ok, warning } from './finding.js'

/** As `latchkey_feed_horizon_seconds` counts them. */
const longSeconds = 5

/** Looks for a transaction that keeps rows of the feed unsettled: they are read again until it ends. */
export async function checkHorizon({ readHorizon }: Pick<Store, 'readHorizon'>): Promise<Finding> {
  const holder = await readHorizon()
  if (holder === undefined || holder.seconds <= longSeconds) {
    return ok('feed', 'No transaction holds back the horizon of the feed of revocations.')
  }
  const { pid, application, state, seconds } = holder
  const who = pid === '' ? `The prepared transaction "${application}"` : `Process ${pid} ("${application}", ${state})`
  const advice = pid === '' ? `Run: rollback prepared '${application}'` : `Run: select pg_terminate_backend(${pid})`
  const found = `${who} has held back the horizon of the feed for ${Math.floor(seconds)} seconds: it costs time, never safety.`
  return warning('feed', found, advice)
}
