/** A way to a server that can be cut, or hang without a word. */
import { connect, createServer, type Socket } from 'node:net'

export interface Wire {
  readonly url: string
  /** Resets every connection, and each new one at once. */
  cut(): void
  /** Nothing passes any more in this direction; connections stay open, and new ones are taken. */
  hang(direction: Direction): void
  /** What was held back arrives; or it is lost, and connections that hung stay mute for ever. */
  mend(isLost: boolean): void
  close(): Promise<void>
}

export type Direction = 'requests' | 'answers' | 'both'

interface Link {
  readonly near: Socket
  readonly far: Socket
  readonly held: { to: Socket; chunk: Buffer }[]
  isMute: boolean
}

/** A way to a database: `url` is that of the database, but for the port. */
export async function startWireTo(databaseUrl: string): Promise<Wire> {
  const wire = await startWire(databaseUrl)
  const url = new URL(databaseUrl)
  url.port = new URL(wire.url).port
  return { ...wire, url: url.href }
}

export async function startWire(target: string): Promise<Wire> {
  const { hostname, port: targetPort } = new URL(target)
  const links = new Set<Link>()
  let isCut = false
  let hanging: Direction | undefined

  const server = createServer({ noDelay: true }, (near) => {
    if (isCut) return void near.resetAndDestroy()
    const far = connect({ port: Number(targetPort), host: hostname, noDelay: true })
    const link: Link = { near, far, held: [], isMute: false }
    links.add(link)
    carry(link, near, far, 'requests')
    carry(link, far, near, 'answers')
  })

  function carry(link: Link, from: Socket, to: Socket, direction: Direction): void {
    from.on('data', (chunk) => {
      if (link.isMute) return
      if (hanging === 'both' || hanging === direction) link.held.push({ to, chunk })
      else to.write(chunk)
    })
    from.on('error', () => {})
    from.on('close', () => {
      links.delete(link)
      to.destroy()
    })
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    cut() {
      isCut = true
      for (const { near, far } of links) {
        near.resetAndDestroy()
        far.resetAndDestroy()
      }
    },
    hang(direction) {
      hanging = direction
    },
    mend(isLost) {
      isCut = false
      hanging = undefined
      for (const link of links) {
        link.isMute ||= isLost
        for (const { to, chunk } of link.held.splice(0)) if (!isLost) to.write(chunk)
      }
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const { near } of links) near.destroy()
      await closed
    },
  }
}
