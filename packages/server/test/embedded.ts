/** Latchkey inside applications: one for all tests of a file, untouched by what this machine has in its environment. */
import type { Server } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, vi } from 'vitest'
import { createLatchkey, type Latchkey } from '../src/index.js'
import { closeServer, listen, temporaryFolder } from './server.js'

export interface Embedded {
  /** There from the first test on. */
  readonly latchkey: Latchkey
  /** Where it has its data, and others may have theirs. */
  readonly folder: string
  /** Listens, is closed after the tests, and answers its URL. */
  start(server: Server): Promise<string>
  /** Closes after the tests what listens already. */
  closeAfter(server: Server): void
}

/** To be called once in a file. */
export function useEmbedded(): Embedded {
  const folder = temporaryFolder()
  const servers: Server[] = []
  let latchkey: Latchkey
  beforeAll(async () => {
    for (const name of ['PORT', 'DATABASE_URL', 'LATCHKEY_ISSUER', 'LATCHKEY_DATA']) vi.stubEnv(name, undefined)
    latchkey = await createLatchkey({ dataFolder: join(folder, 'data') })
  })
  afterAll(async () => {
    for (const server of servers) await closeServer(server)
    await latchkey.close()
    vi.unstubAllEnvs()
  })
  return {
    folder,
    get latchkey() {
      return latchkey
    },
    async start(server) {
      servers.push(server)
      return `http://127.0.0.1:${await listen(server)}`
    },
    closeAfter(server) {
      servers.push(server)
    },
  }
}
