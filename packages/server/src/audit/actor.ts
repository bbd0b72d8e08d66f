/** Who does something: what an event says beside what happened. */
import type { ActorKind } from '../store/schema.js'

/** From where a request came. */
export interface Origin {
  readonly addressPrefix?: string | undefined
  /** In the log, and in X-Request-Id; undefined where requests have none. */
  readonly requestId?: string | undefined
}

export interface Actor extends Origin {
  readonly kind: ActorKind
  /** Of a user. */
  readonly uid?: number | undefined
}

/** Whoever has the command line of the server. */
export const operator: Actor = Object.freeze({ kind: 'operator' })

export function userActor(uid: number | string, { addressPrefix, requestId }: Origin): Actor {
  return { kind: 'user', uid: Number(uid), addressPrefix, requestId }
}

/** Somebody who has not proved who it is. */
export function nobody({ addressPrefix, requestId }: Origin): Actor {
  return { kind: 'nobody', addressPrefix, requestId }
}
