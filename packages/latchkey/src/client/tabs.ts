/** The other tabs of the same origin: one of them at a time may refresh, and what it got is handed on to the others. */

/** What tabs tell each other. Comes from scripts of the same origin, and its shape is checked all the same. */
export interface TabMessage {
  /** The text of a session. */
  readonly session?: unknown
  /** The id of a session that ended, and why. */
  readonly ended?: unknown
  readonly reason?: unknown
  /** Who has a session? */
  readonly ask?: unknown
  readonly fence?: unknown
}

export interface Tabs {
  /** Whether there may be others at all. */
  readonly areThere: boolean
  tell(message: TabMessage): void
  /** Runs `work` while no other tab runs theirs, after what others told before was heard, and until what it told is on its way. */
  alone<T>(work: () => Promise<T>): Promise<T>
  close(): void
}

interface BrowserParts {
  readonly location?: { readonly origin?: string }
  readonly navigator?: { readonly locks?: { request<T>(name: string, work: () => Promise<T>): Promise<T> } }
}

const fenceWaitMs = 500

/**
 * Joins the tabs of this origin (Web Locks, BroadcastChannel). Where a browser lacks these, or outside of browsers, everything
 * runs at once: the server answers two who race alike.
 */
export function joinTabs(name: string, hear: (message: TabMessage) => void): Tabs {
  const { location, navigator } = globalThis as BrowserParts
  // A process of a server may hold the sessions of many users: they have nothing to share, and nothing to wait for.
  if (!location?.origin) return { areThere: false, tell() {}, alone: (work) => work(), close() {} }
  const channels = openChannels(name)
  const [inbox, outbox] = channels
  const fences = new Map<unknown, () => void>()
  let open = inbox !== undefined
  const tell = (message: TabMessage) => {
    if (open) outbox?.postMessage(message)
  }
  if (inbox) {
    inbox.onmessage = ({ data }) => {
      fences.get(data?.fence)?.()
      if (data) hear(data)
    }
  }
  // What one tab tells itself by way of the channel arrives after all that others told before.
  const pass = () =>
    new Promise<void>((resolve) => {
      if (!open) return resolve()
      const fence = Math.random()
      const done = () => {
        fences.delete(fence)
        resolve()
      }
      fences.set(fence, done)
      setTimeout(done, fenceWaitMs)
      tell({ fence })
    })
  return {
    areThere: inbox !== undefined,
    tell,
    async alone(work) {
      let began = false
      const run = async () => {
        began = true
        await pass()
        try {
          return await work()
        } finally {
          // A lock that is given back may overtake what was told before.
          await pass()
        }
      }
      try {
        if (navigator?.locks) return await navigator.locks.request(name, run)
      } catch (error) {
        // Some pages may not lock: a sandboxed frame, a file.
        if (began) throw error
      }
      return run()
    },
    close() {
      open = false
      for (const channel of channels) channel.close()
    },
  }
}

interface Channel {
  onmessage: (event: { readonly data?: TabMessage | null }) => void
  postMessage(message: unknown): void
  close(): void
}

/** One to hear and one to tell, since a channel does not hear itself. */
function openChannels(name: string): Channel[] {
  try {
    return [new BroadcastChannel(name), new BroadcastChannel(name)] as unknown as Channel[]
  } catch {
    return []
  }
}
