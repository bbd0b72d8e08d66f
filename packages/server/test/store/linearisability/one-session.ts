/** What a session is, when one thing happens to it after the other. */
import type { Operation, Specification } from './linearisable.js'

export type Call =
  /** With the refresh token of that generation. */
  | { readonly kind: 'refresh'; readonly presented: number }
  /** By its owner, from the list: tells whether it was there. */
  | { readonly kind: 'end' }
  /** By one of its refresh tokens (RFC 7009): tells nothing. */
  | { readonly kind: 'revoke' }
  /** Whether its owner's list has it. */
  | { readonly kind: 'list' }

/** To a refresh the hash of the pair or `refused`; to `end` and `list` `live` or `over`; to `revoke` `done`. */
export type Answer = string

interface Session {
  readonly generation: number
  readonly isOver: boolean
  /** The hash of the last pair; undefined while nobody has seen it. */
  readonly pair: string | undefined
}

export type SessionOperation = Operation<Call, Answer>

const over = (session: Session): Session => ({ ...session, isOver: true, pair: undefined })

/** Histories must be shorter than the thirty seconds for which an answer is repeated. */
export const oneSession: Specification<Session, Call, Answer> = {
  initial: { generation: 0, isOver: false, pair: undefined },
  keyOf: ({ generation, isOver, pair }) => `${generation} ${isOver} ${pair}`,
  step(session, call, answer) {
    if (call.kind === 'refresh') return refresh(session, call.presented, answer)
    if (call.kind === 'revoke') return over(session)
    const found = session.isOver ? 'over' : 'live'
    if (answer !== undefined && answer !== found) return undefined
    return call.kind === 'end' ? over(session) : session
  },
}

function refresh(session: Session, presented: number, answer: Answer | undefined): Session | undefined {
  const { generation, isOver, pair } = session
  // Nobody has what was not given out yet.
  if (presented > generation) return undefined
  if (isOver || presented < generation - 1) {
    return answer === undefined || answer === 'refused' ? over(session) : undefined
  }
  if (answer === 'refused') return undefined
  if (presented === generation) return { ...session, generation: generation + 1, pair: answer }
  // The last answer again.
  if (answer === undefined) return session
  return pair === undefined || pair === answer ? { ...session, pair: answer } : undefined
}
