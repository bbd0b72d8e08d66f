import { type Calls, sleep } from './calls.js'
import { createChoices } from './choices.js'
import { type Client, usableSessions } from './client.js'
import type { Journal, User } from './journal.js'
import { changeSecret, logIn, register } from './log-in.js'
import { refresh, refreshTwice, repeat } from './refresh.js'
import { useEnded, useToken } from './refusal.js'
import { revoke, revokeOnce, revokeWhileRefreshing } from './revoke.js'
import type { Session } from './session.js'

const sessionLimit = 4

type Step = (client: Client, session: Session) => Promise<unknown>

/** How often each, in a thousand. Logins and passwords are hashed, and dear. */
const weights: readonly (readonly [weight: number, step: Step])[] = [
  [660, refresh],
  [60, repeat],
  [40, refreshTwice],
  [102, useToken],
  [50, useEnded],
  [40, logInAgain],
  [28, revoke],
  [5, revokeOnce],
  [10, revokeWhileRefreshing],
  [5, changeIfLive],
]
const steps = weights.flatMap(([weight, step]) => Array<Step>(weight).fill(step))

export interface ClientOptions {
  readonly name: string
  readonly seed: number
  readonly calls: Calls
  readonly journal: Journal
  /** Since when the database has been there, on `performance.now()`; infinite while it is not. */
  readonly calmSinceMs: () => number
  /** The longest pause between two steps. */
  readonly pauseMs: number
  readonly isOver: () => boolean
}

/** One user after another, until it is over; what was begun is brought to its end. */
export async function runClient({ pauseMs, isOver, ...options }: ClientOptions): Promise<void> {
  const choices = createChoices(options.seed, options.name)
  const client: Client = { ...options, choices, watching: new Set(), user: undefined as unknown as User, count: 0 }
  while (!isOver()) {
    await register(client)
    for (let left = choices.between(200, 800); left > 0 && !isOver(); left--) {
      await takeStep(client)
      await sleep(choices.between(0, pauseMs))
    }
    await leaveUsedTokens(client)
  }
  await Promise.all(client.watching)
}

/** However few steps were taken: for what is checked at the end. */
async function leaveUsedTokens(client: Client): Promise<void> {
  const session = usableSessions(client.user).find(({ state }) => state === 'live') ?? (await logIn(client))
  while (session?.state === 'live' && session.usedTokens.length < 2) await refresh(client, session)
}

async function takeStep(client: Client): Promise<unknown> {
  const sessions = usableSessions(client.user)
  if (sessions.length === 0) return logIn(client)
  return client.choices.oneOf(steps)(client, client.choices.oneOf(sessions))
}

async function logInAgain(client: Client): Promise<unknown> {
  return usableSessions(client.user).length < sessionLimit ? logIn(client) : undefined
}

async function changeIfLive(client: Client, session: Session): Promise<unknown> {
  return session.state === 'live' ? changeSecret(client, session) : undefined
}
