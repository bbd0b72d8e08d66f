/** A client of the run: one user after another, each with a few sessions, one thing after another. */
import { type Answered, type Calls, type Patience, type Request, untilAnswered } from './calls.js'
import type { Choices } from './choices.js'
import type { Journal, User } from './journal.js'
import type { Session } from './session.js'

/** What the steps of one client share. */
export interface Client {
  readonly name: string
  readonly calls: Calls
  readonly choices: Choices
  readonly journal: Journal
  /** Since when the database has been there, on `performance.now()`; infinite while it is not. */
  readonly calmSinceMs: () => number
  /** What goes on beside the steps. */
  readonly watching: Set<Promise<void>>
  user: User
  count: number
}

/** Until it is answered. */
export async function ask(client: Client, make: () => Request, patience: Patience): Promise<Answered> {
  const { calls, choices, journal } = client
  return (await untilAnswered(calls, choices, journal, make, patience)) as Answered
}

/** Those that the client goes on using. */
export function usableSessions({ sessions }: User): readonly Session[] {
  return sessions.filter(({ state }) => state !== 'ended')
}
