/** A server, three services that follow it, and the command line beside them: processes of their own. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../query/test/postgres.js'
import { bin, type Serving, serving, startProcess, startServe, untilListens } from '../start-process.js'
import { createExchange } from '../store/bad-days/exchange.js'
import { createTestDatabase } from '../store/test-store.js'
import type { Guard } from './load.js'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const nodeArguments = ['--expose-gc', '--import', path('tell-memory.mjs')]
const service = path('guarded-service.mjs')
/** Shorter ones are no setting: then the command is told not to wait. */
const leastLeadSeconds = 10
/** Used in turns, so that none is idle until the other side closes it, which a request may meet. */
const connections = { maxSockets: 16, scheduling: 'fifo' } as const

export interface Memory {
  /** Bytes. */
  readonly rss: number
  /** Bytes, once the garbage was collected. */
  readonly heapUsed: number
  /** Undefined where the system does not tell. */
  readonly files: number | undefined
  /** How late the event loop was at most since it was asked before. */
  readonly loopDelayMs: number
}

export interface KeyLine {
  readonly kid: string
  readonly state: 'next' | 'signs' | 'verifies' | 'retired'
  /** Epoch seconds. */
  readonly published_at: number
}

export interface World {
  /** The server is the first one. */
  readonly guards: readonly [Guard, ...Guard[]]
  /** By the name of its guard: collects the garbage of that process and asks it. */
  measure(): Promise<ReadonlyMap<string, Memory>>
  /** The key set as it is published. */
  keySet(): Promise<string>
  listKeys(): Promise<readonly KeyLine[]>
  /** Lets the next key sign; the caller has waited for `keyLeadSeconds`. */
  rotateKeys(): Promise<void>
  /** Refuses the tokens of that key. */
  retireKey(kid: string): Promise<void>
  /** What the server has written into its log, which has warnings and errors alone. */
  serverLog(): string
  close(): Promise<void>
}

/** In `folder`, on the store of this run. A key is to be published `keyLeadSeconds` before it signs. */
export async function openWorld(folder: string, accessTtlSeconds: number, keyLeadSeconds: number): Promise<World> {
  const processes: { readonly name: string; readonly child: Serving; readonly close: () => void }[] = []
  async function close(): Promise<void> {
    for (const { child, close: closeExchange } of processes.reverse()) {
      closeExchange()
      await child.end()
    }
  }
  function open(name: string, child: Serving, route: string): Guard {
    const { exchange, close: closeExchange } = createExchange(child.url, connections)
    processes.push({ name, child, close: closeExchange })
    return { name, path: route, exchange }
  }
  try {
    const database = await createTestDatabase(folder)
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const environment = { ...database.environment, LATCHKEY_ISSUER: url }
    // Whatever is refused is refused by what it is, not since there was so much of it.
    const most = 1_000_000
    const limits = { perAccountAndPrefix: most, perPrefix: most, perAccount: most, registrationsPerPrefix: most }
    const lead = keyLeadSeconds < leastLeadSeconds ? {} : { keyLeadSeconds }
    const config = { accessTtlSeconds, limits, logLevel: 'warn', ...lead }
    writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify(config))
    const child = await startServe({ folder, environment, port, nodeArguments })
    const server = open('server', child, '/v1/user')
    await untilListens(child, port)

    const frameworks = ['express', 'fastify', 'hono'].map(async (framework) => {
      const words = [...nodeArguments, service, framework, url]
      const started = startProcess(process.execPath, words, { folder, environment: { NODE_ENV: 'production' } })
      const [line] = await serving(started, 0).logged('listens')
      return [framework, serving(started, line?.port)] as const
    })
    const guards = (await Promise.all(frameworks)).map(([name, child]) => open(name, child, '/orders'))

    /** What it printed. */
    async function run(...words: string[]): Promise<string> {
      const command = startProcess(process.execPath, [bin, ...words], { folder, environment })
      const code = await command.ended
      if (code !== 0) throw new Error(`latchkey ${words.join(' ')} ended with ${code}: ${command.output.error}`)
      return command.output.out
    }
    return {
      guards: [server, ...guards],
      close,
      async measure() {
        const asked = processes.map(async ({ name, child }) => {
          const before = child.lines('memory').length
          child.child.kill('SIGUSR2')
          const lines = await child.logged('memory', before + 1)
          return [name, lines.at(-1) as unknown as Memory] as const
        })
        return new Map(await Promise.all(asked))
      },
      keySet: async () => (await server.exchange('GET', '/.well-known/jwks.json')).text,
      async listKeys() {
        const lines = (await run('key', 'list', '--json')).trim().split('\n')
        return lines.map((line) => JSON.parse(line) as KeyLine)
      },
      rotateKeys: async () =>
        void (await run('key', 'rotate', ...(keyLeadSeconds < leastLeadSeconds ? ['--now'] : []))),
      retireKey: async (kid) => void (await run('key', 'retire', '--now', kid)),
      serverLog: () =>
        child.output.out
          .split('\n')
          .filter((line) => line !== '' && !line.includes('"msg":"memory"'))
          .join('\n') + child.output.error,
    }
  } catch (error) {
    await close()
    throw error
  }
}
