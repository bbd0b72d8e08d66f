/** Who is logged in, and what they may do. */
export interface SessionFacts {
  /** A decimal number. */
  readonly uid: string
  /** What the access token carries, with spaces between. */
  readonly scope: string
}

/** `logout`: somebody asked for it. `refresh_invalid`: the server ended the session. `gone`: the storage was emptied. */
export type LogoutReason = 'logout' | 'refresh_invalid' | 'gone'

/** What listeners are told, in every tab that shares the session, whichever it happened in. */
export interface ClientEvents {
  readonly login: SessionFacts
  readonly refresh: SessionFacts
  readonly logout: { readonly reason: LogoutReason }
}

type Listener<Name extends keyof ClientEvents> = (event: ClientEvents[Name]) => unknown

export interface Emitter {
  on<Name extends keyof ClientEvents>(name: Name, listener: Listener<Name>): () => void
  emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void
}

/** A listener that throws or rejects is written to the console, and breaks nothing. */
export function createEmitter(): Emitter {
  const listeners = new Set<{ readonly name: string; call(event: never): unknown }>()
  return {
    on(name, listener) {
      const entry = { name, call: listener }
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    emit(name, event) {
      for (const one of [...listeners]) {
        if (one.name !== name) continue
        new Promise((resolve) => resolve(one.call(event as never))).catch((error) => console.error(error))
      }
    },
  }
}
