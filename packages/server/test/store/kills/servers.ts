/** `latchkey serve` that is killed again and again, and starts again on its own port at once. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type Serving, serve } from '../../start-process.js'
import type { Choices } from './choices.js'

export interface KeptServer {
  readonly url: string
  /** By SIGKILL, whether it listens or is still starting, and starts it again. Resolves once the old process is gone. */
  kill(): Promise<void>
  /** Once it listens. */
  ready(): Promise<unknown>
  isListening(): boolean
  /** How long each start took that was not killed itself. */
  readonly startsMs: readonly number[]
  /** Why a process ended or did not start, though nobody had killed it. */
  readonly failures: readonly string[]
  /** Also by SIGKILL; from then on it does not start again. */
  end(): Promise<void>
}

export async function keepServer(
  folder: string,
  environment: Readonly<Record<string, string>>,
  choices: Choices,
): Promise<KeptServer> {
  const port = await steadyPort(choices)
  const failures: string[] = []
  const startsMs: number[] = []
  let killed: AbortController
  let server: Promise<Serving>
  let isListening = false
  let isClosed = false
  function start(): void {
    killed = new AbortController()
    const { signal } = killed
    const beganAtMs = performance.now()
    server = serve({ folder, environment, port, killed: signal })
    server.then(
      async ({ ended }) => {
        startsMs.push(performance.now() - beganAtMs)
        isListening = !signal.aborted
        await ended
        if (!signal.aborted) failures.push('a server ended by itself')
      },
      (error) => signal.aborted || failures.push(`a server did not start: ${error.message}`),
    )
  }
  async function stop(): Promise<void> {
    killed.abort()
    isListening = false
    await server.then(
      ({ ended }) => ended,
      () => {},
    )
  }
  start()
  return {
    url: `http://127.0.0.1:${port}`,
    ...{ failures, startsMs },
    ready: () => server,
    isListening: () => isListening,
    async kill() {
      await stop()
      if (!isClosed) start()
    },
    end() {
      isClosed = true
      return stop()
    },
  }
}

/** Nobody listens yet on what was given a moment ago. */
const given = new Set<number>()

/**
 * A free port below those that systems give to whoever connects: while its server is dead, another process, or a client that
 * tries to reach it, could be given one of those, and it could not start again.
 */
async function steadyPort({ between }: Choices): Promise<number> {
  for (;;) {
    const port = between(20_000, 32_000)
    if (given.has(port)) continue
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue
      throw error
    }
    server.close()
    await once(server, 'close')
    given.add(port)
    return port
  }
}
