/** A guard in another process, asked about tokens. */
import type { Listening } from '../../start-process.js'
import { createExchange } from './exchange.js'

export interface Decisions {
  readonly accepted: readonly boolean[]
  /** By its own word it knows what was revoked a second ago. */
  readonly isFresh: boolean
  /** Everything that this guard needs was there: none of the answers is 503. */
  readonly isWell: boolean
  /** Not earlier than this were they made, by this process's monotonic clock. */
  readonly notBeforeMs: number
}

export interface WatchedGuard {
  readonly name: string
  /** Rejects when there was no answer. */
  decide(tokens: readonly string[]): Promise<Decisions>
  pause(): void
  resume(): void
  close(): void
}

const freshMs = 1000
/** How long after SIGSTOP a process may still have run. */
const stoppingMs = 50

/** A service that says how old its copy is, in the same tick. */
export function watchService(name: string, guard: Listening): WatchedGuard {
  return watch(name, guard, async (exchange, tokens) => {
    const { text } = await exchange('POST', '/decisions', undefined, tokens)
    const { accepted, revocationsAgeMs } = JSON.parse(text)
    return { accepted, isFresh: revocationsAgeMs <= freshMs, isWell: true }
  })
}

/**
 * A server, asked through a route of its own that is guarded, after /readyz was asked whether it reads its database. 503 is past
 * the guard, whose answer it could not read.
 */
export function watchServer(name: string, guard: Listening): WatchedGuard {
  return watch(name, guard, async (exchange, tokens) => {
    const { reasons = [] } = JSON.parse((await exchange('GET', '/readyz')).text)
    const answers = await Promise.all(tokens.map((token) => exchange('GET', '/v1/user/sessions', token)))
    const accepted = answers.map(({ status }) => status !== 401)
    return { accepted, isFresh: !reasons.includes('database'), isWell: answers.every(({ status }) => status < 500) }
  })
}

type Ask = (
  exchange: ReturnType<typeof createExchange>['exchange'],
  tokens: readonly string[],
) => Promise<Omit<Decisions, 'notBeforeMs'>>

function watch(name: string, guard: Listening, ask: Ask): WatchedGuard {
  const { exchange, close } = createExchange(guard.url)
  let stoppedAtMs = Number.POSITIVE_INFINITY
  let resumedAtMs = Number.POSITIVE_INFINITY
  return {
    ...{ name, close },
    async decide(tokens) {
      const sentAtMs = performance.now()
      const answer = await ask(exchange, tokens)
      const wasStopped = sentAtMs > stoppedAtMs + stoppingMs && sentAtMs < resumedAtMs
      return { ...answer, notBeforeMs: wasStopped ? resumedAtMs : sentAtMs }
    },
    pause() {
      guard.pause()
      stoppedAtMs = performance.now()
      resumedAtMs = Number.POSITIVE_INFINITY
    },
    resume() {
      resumedAtMs = performance.now()
      guard.resume()
    },
  }
}
