import { sleep } from './elapsed.js'
import type { Emitter, LogoutReason, SessionFacts } from './events.js'
import { readSession, type Session } from './session.js'
import type { ClientStorage } from './storage.js'
import { joinTabs, type TabMessage } from './tabs.js'

export interface SessionKeeper {
  /** The newest session that storage or this process knows of. */
  read(): Promise<Session | undefined>
  /** The same, once a new tab had the time to be told by others. */
  readFirst(): Promise<Session | undefined>
  /** Stores a new session or its next pair, and tells it. */
  keep(session: Session): Promise<void>
  /** Forgets a session, once, and tells it. */
  end(id: string, reason: LogoutReason): Promise<void>
  /** Runs `work` while no other tab runs theirs. */
  alone<T>(work: () => Promise<T>): Promise<T>
  close(): void
}

const askWaitMs = 200

/** Keeps the session of a client in its storage, in step with other tabs, and tells the listeners what becomes of it. */
export function createKeeper(
  { server, storage, tabs: isShared }: { server: string; storage: ClientStorage; tabs: boolean },
  { emit }: Pick<Emitter, 'emit'>,
): SessionKeeper {
  // Newer than what is stored while that is being written, or cannot be.
  let held: Session | undefined
  let ended: string | undefined
  // The last that listeners were told.
  let told: Session | undefined
  let adopted = () => {}

  const read = async () => {
    const stored = readSession(await storage.get(), server)
    if (!stored || stored.id === ended) held = undefined
    else if (held?.id !== stored.id || held.turn <= stored.turn) held = stored
    return held
  }

  const save = (session: Session) => {
    held = session
    return storage.set(JSON.stringify(session))
  }

  const announce = (session: Session) => {
    const isSame = told?.id === session.id
    if (isSame && (told as Session).turn >= session.turn) return
    told = session
    emit(isSame ? 'refresh' : 'login', factsOf(session))
  }

  /** Whether it was news. */
  const forget = async (id: string, reason: LogoutReason) => {
    if (ended === id) return false
    const own = await read()
    // Another session here is none of theirs.
    if (own ? own.id !== id : told?.id !== id) return false
    ended = id
    held = told = undefined
    emit('logout', { reason })
    if (own) await storage.delete()
    return true
  }

  const hear = async ({ session: text, ended: id, reason, ask }: TabMessage) => {
    if (ask) {
      const own = await read()
      if (own) tabs.tell({ session: JSON.stringify(own) })
    }
    const session = readSession(text, server)
    if (session && session.id !== ended) {
      const own = await read()
      if (own ? own.id === session.id && own.turn < session.turn : true) await save(session)
      if ((await read())?.id === session.id) announce(session)
      adopted()
    }
    const isKnown = reason === 'refresh_invalid' || reason === 'gone'
    if (typeof id === 'string') await forget(id, isKnown ? reason : 'logout')
  }

  const tabs = isShared
    ? joinTabs(`latchkey ${server}`, hear)
    : { areThere: false, tell() {}, alone: <T>(work: () => Promise<T>) => work(), close() {} }

  const begin = async () => {
    told = await read()
    if (told || !tabs.areThere) return
    tabs.tell({ ask: true })
    await Promise.race([sleep(askWaitMs), new Promise<void>((resolve) => (adopted = resolve))])
  }
  // What a storage throws is thrown again where somebody waits for it.
  const begun = begin().catch(() => {})

  return {
    read,
    readFirst: () => begun.then(read),
    async keep(session) {
      await begun
      // Stored first: who shares the storage and is told finds it there.
      await save(session)
      tabs.tell({ session: JSON.stringify(session) })
      announce(session)
    },
    async end(id, reason) {
      await begun
      if (await forget(id, reason)) tabs.tell({ ended: id, reason })
    },
    alone: tabs.alone,
    close: tabs.close,
  }
}

export function factsOf({ uid, scope }: Session): SessionFacts {
  return { uid, scope }
}
