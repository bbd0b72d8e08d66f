/** Watches guards all the time: what they accept after a revocation was acknowledged, and how old they say they are. */
import type { Revoked, Tokens } from './tokens.js'
import type { WatchedGuard } from './watched-guard.js'

const promisedMs = 1000

/** What was seen while one kind of fault was about. */
export interface Figures {
  decisions: number
  /** Requests without an answer. */
  unanswered: number
  /** Decisions of a service that said it was not fresh. */
  stale: number
  /** Servers that said they were not ready, since they did not read their database. */
  readonly unready: Set<WatchedGuard>
  /** The latest acceptance after the acknowledgement by a guard that said it was fresh, in milliseconds. */
  freshMs: number
  /** By one that said it was not. */
  staleMs: number
  /** By a server that said it was not ready. */
  serverMs: number
  /** How many of those came after more than a second. */
  serverLate: number
  /** Broken promises, in words. */
  readonly violations: string[]
}

export interface Watch {
  begin(): void
  stop(): void
  /** Begins new figures. */
  turn(): Figures
}

export interface WatchOptions {
  readonly services: readonly WatchedGuard[]
  readonly servers: readonly WatchedGuard[]
  readonly tokens: Tokens
  /** Never revoked. */
  readonly good: string
}

const none = (): Figures => ({
  ...{ decisions: 0, unanswered: 0, stale: 0, unready: new Set<WatchedGuard>() },
  ...{ freshMs: 0, staleMs: 0, serverMs: 0, serverLate: 0, violations: [] },
})
/** Who does not answer is asked less often, but is asked: what was sent while it was stopped counts most. */
const patience = 8
const slowMs = 40

export function createWatch({ services, servers, tokens, good }: WatchOptions): Watch {
  const timers: NodeJS.Timeout[] = []
  let figures = none()

  function poll(guard: WatchedGuard, everyMs: number, choose: () => readonly string[]): void {
    let underWay = 0
    let sentAtMs = 0
    const ask = async () => {
      if (underWay >= patience && performance.now() - sentAtMs < slowMs) return
      sentAtMs = performance.now()
      underWay++
      await observe(guard, choose(), figures)
      underWay--
    }
    timers.push(setInterval(ask, everyMs))
  }

  async function observe(guard: WatchedGuard, asked: readonly string[], seen: Figures): Promise<void> {
    const answer = await guard.decide(asked).catch(() => undefined)
    if (answer === undefined) {
      seen.unanswered++
      return
    }
    const { accepted, isFresh, notBeforeMs } = answer
    seen.decisions += accepted.length
    if (!isFresh && servers.includes(guard)) seen.unready.add(guard)
    else if (!isFresh) seen.stale += accepted.length
    for (const [i, token] of asked.entries()) {
      const ackedAtMs = ackedAt(token)
      if (ackedAtMs !== undefined && accepted[i]) count(guard, isFresh, notBeforeMs - ackedAtMs, seen)
    }
  }

  function count(guard: WatchedGuard, isFresh: boolean, lateMs: number, seen: Figures): void {
    if (!isFresh && servers.includes(guard)) {
      seen.serverMs = Math.max(seen.serverMs, lateMs)
      if (lateMs > promisedMs) seen.serverLate++
      return
    }
    if (!isFresh) {
      seen.staleMs = Math.max(seen.staleMs, lateMs)
      return
    }
    seen.freshMs = Math.max(seen.freshMs, lateMs)
    if (lateMs > promisedMs)
      seen.violations.push(`${guard.name} accepted ${lateMs.toFixed(1)} ms after the acknowledgement`)
  }

  const acked = new Map<string, number>()
  let known = 0
  function ackedAt(token: string): number | undefined {
    for (; known < tokens.revoked.length; known++) {
      const { token, ackedAtMs } = tokens.revoked[known] as Revoked
      acked.set(token, ackedAtMs)
    }
    return acked.get(token)
  }

  const oneOf = <Item>(list: readonly Item[]): Item[] =>
    list.length === 0 ? [] : [list[Math.floor(Math.random() * list.length)] as Item]
  const recent = () => oneOf(tokens.revoked.slice(-30)).map(({ token }) => token)
  const some = () => [
    ...[recent(), recent(), recent(), recent()].flat(),
    ...oneOf(tokens.revoked).map(({ token }) => token),
    ...oneOf(tokens.live.slice(0, 5)),
    good,
  ]

  return {
    begin() {
      for (const guard of services) for (const everyMs of [14, 19]) poll(guard, everyMs, some)
      for (const guard of servers) poll(guard, 25, recent)
    },
    stop() {
      for (const timer of timers) clearInterval(timer)
    },
    turn() {
      figures = none()
      return figures
    },
  }
}
