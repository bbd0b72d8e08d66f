/** The tokens of a run: good ones, and those whose revocation was acknowledged, at a steady rate. */
import type { Listening } from '../../start-process.js'
import { createExchange } from './exchange.js'

export interface Revoked {
  readonly token: string
  /** By this process's monotonic clock, when 200 was here. */
  readonly ackedAtMs: number
}

export interface Tokens {
  /** In the order of their acknowledgement. */
  readonly revoked: readonly Revoked[]
  /** The next to be revoked, the first one first. */
  readonly live: readonly string[]
  /** How many revocations got an error or no answer: they may have happened or not. */
  readonly unsure: number
  /** From now on one is revoked every so many milliseconds, at one server after the other, whether that answers or not. */
  begin(everyMs: number): void
  /** Settles when all that was asked has been answered. */
  stop(): Promise<void>
  /** Makes sure that this many are live. */
  fill(count: number): Promise<void>
}

export function createTokens(
  servers: readonly Listening[],
  issue: (count: number) => Promise<readonly string[]>,
): Tokens {
  const exchanges = servers.map(({ url }) => createExchange(url))
  const revoked: Revoked[] = []
  const live: string[] = []
  const underWay = new Set<Promise<void>>()
  let unsure = 0
  let next = 0
  let timer: NodeJS.Timeout | undefined

  async function revoke(token: string): Promise<void> {
    const { exchange } = exchanges[next++ % exchanges.length] as (typeof exchanges)[0]
    const answer = await exchange('POST', '/v1/token/revoke', undefined, { token }).catch(() => undefined)
    if (answer?.status === 200) revoked.push({ token, ackedAtMs: performance.now() })
    else unsure++
  }

  return {
    ...{ revoked, live },
    get unsure() {
      return unsure
    },
    begin(everyMs) {
      timer = setInterval(() => {
        const token = live.shift()
        if (token === undefined) return
        const done = revoke(token).finally(() => underWay.delete(done))
        underWay.add(done)
      }, everyMs)
    },
    async stop() {
      clearInterval(timer)
      await Promise.all(underWay)
      for (const { close } of exchanges) close()
    },
    async fill(count) {
      if (live.length < count) live.push(...(await issue(count - live.length)))
    },
  }
}
