/** Serves the forger's key set on this machine, and counts who asks for it: nobody should. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface KeyTrap {
  readonly url: string
  /** How many requests came. */
  readonly count: number
  close(): Promise<void>
}

export async function openKeyTrap(keySet: object): Promise<KeyTrap> {
  let count = 0
  const server = createServer((_request, response) => {
    count += 1
    response.setHeader('content-type', 'application/json').end(JSON.stringify(keySet))
  })
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    get count() {
      return count
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
