/** A line to a server that breaks at the worst moment: what was asked was done, and no byte of the answer arrives. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface LosingRelay {
  readonly port: number
  /** How many answers were lost. */
  readonly lost: () => number
  close(): Promise<void>
}

export async function startLosingRelay(target: number): Promise<LosingRelay> {
  const open = new Set<Socket>()
  let lost = 0
  const relay = createServer((incoming) => {
    const outgoing = connect(target, '127.0.0.1')
    for (const socket of [incoming, outgoing]) {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      // A connection that ends otherwise is what this is for.
      socket.on('error', () => {})
    }
    incoming.pipe(outgoing)
    outgoing.once('data', () => {
      lost += 1
      incoming.destroy()
      outgoing.destroy()
    })
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  return {
    port: (relay.address() as AddressInfo).port,
    lost: () => lost,
    async close() {
      for (const socket of open) socket.destroy()
      relay.close()
      await once(relay, 'close')
    },
  }
}
