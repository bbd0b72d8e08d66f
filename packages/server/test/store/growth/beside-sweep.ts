/** What refreshes take while rows that are over are removed. */
import { silentLog } from '../../../src/log/log.js'
import { startSweeper } from '../../../src/sweep/sweeper.js'
import { createExchange } from '../bad-days/exchange.js'
import type { KnownSession } from './fill-sessions.js'
import type { Services } from './open-services.js'

export interface BesideSweep {
  /** How many rows went meanwhile. */
  readonly swept: number
  /** Milliseconds of each refresh, by where it ran and whether somebody swept. */
  readonly times: Readonly<Record<string, readonly number[]>>
}

/** `url` is a server on the database of `services`, in whose process the sweeping runs. The sessions are refreshed again and again. */
export async function refreshBesideSweep(
  url: string,
  services: Services,
  [one, other]: readonly [KnownSession, KnownSession],
  { rounds, refreshes }: { readonly rounds: number; readonly refreshes: number },
): Promise<BesideSweep> {
  const { exchange, close } = createExchange(url)
  const { store } = services
  const tokens = { http: one.refreshToken, here: other.refreshToken }
  const times: Record<string, number[]> = { 'another process': [], 'the same process': [] }
  for (const name of Object.keys(times)) times[`${name}, swept`] = []
  let swept = 0

  async function refreshAll(suffix: string): Promise<void> {
    for (let i = 0; i < refreshes; i++) {
      let began = performance.now()
      const { text } = await exchange('POST', '/v1/token/refresh', undefined, { refresh_token: tokens.http })
      times[`another process${suffix}`]?.push(performance.now() - began)
      tokens.http = JSON.parse(text).refresh_token
      began = performance.now()
      tokens.here = JSON.parse(await services.refresh(tokens.here)).refresh_token
      times[`the same process${suffix}`]?.push(performance.now() - began)
    }
  }

  try {
    for (let round = 0; round < rounds; round++) {
      await refreshAll('')
      // The lease of the last round would still be held.
      await store.transaction((writing) => writing.deleteFrom('meta').where('name', '=', 'sweeping').execute())
      const before = swept
      const sweeper = startSweeper({ store, log: silentLog, lookEveryMs: 1, onSwept: (_, rows) => (swept += rows) })
      while (swept === before) await new Promise((resolve) => setTimeout(resolve, 5))
      await refreshAll(', swept')
      await sweeper.close()
    }
  } finally {
    close()
  }
  return { swept, times }
}
