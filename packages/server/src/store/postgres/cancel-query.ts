import { connect } from 'node:net'
import type { PoolClient } from 'pg'

/** What `pg` keeps of a connection to a server, beside what its types say. */
interface Connected {
  readonly host?: string
  readonly port?: number
  readonly processID?: number | null
  readonly secretKey?: number | null
}

/** Of PostgreSQL's protocol, section "Canceling Requests in Progress". */
const cancelRequestCode = 80877102
const waitMs = 1_000

/**
 * Asks the server to end what this connection runs; without, a statement that waits for a lock would go on waiting, and hold one
 * of the server's connections, long after ours was given up. The server answers nothing, and may be gone: that is no error.
 * Needs no TLS, as PostgreSQL takes these before it asks for any; what stands between may not.
 */
export function cancelQuery(client: PoolClient): void {
  const { host, port, processID, secretKey } = client as unknown as Connected
  if (host === undefined || port === undefined || !processID || typeof secretKey !== 'number') return
  const message = Buffer.alloc(16)
  message.writeInt32BE(message.length, 0)
  message.writeInt32BE(cancelRequestCode, 4)
  message.writeInt32BE(processID, 8)
  message.writeInt32BE(secretKey, 12)
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  socket.on('error', () => {})
  socket.setTimeout(waitMs, () => socket.destroy())
  socket.end(message)
  socket.unref()
}
