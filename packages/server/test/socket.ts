/** A connection on which a test writes what no HTTP client would. */
import { connect, type Socket } from 'node:net'

export interface Raw {
  write(text: string | Uint8Array): void
  /** Everything that was answered, once the server closes the connection, `enough` says so, or `limitMs` is over. */
  answer(limitMs?: number, enough?: (text: string) => boolean): Promise<{ text: string; closed: boolean }>
  destroy(): void
}

export async function openSocket(port: number): Promise<Raw> {
  const socket: Socket = connect(port, '127.0.0.1')
  let text = ''
  let closed = false
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
  })
  await new Promise((resolve) => socket.once('connect', resolve))
  return {
    write: (part) => void socket.write(part),
    async answer(limitMs = 3000, enough = () => false) {
      const until = Date.now() + limitMs
      while (!closed && !enough(text) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5))
      return { text, closed }
    },
    destroy: () => socket.destroy(),
  }
}

/** Sends one request as it stands and reads until the server closes the connection. */
export async function exchange(port: number, text: string | Uint8Array, limitMs?: number): Promise<string> {
  const raw = await openSocket(port)
  raw.write(text)
  const answer = await raw.answer(limitMs)
  raw.destroy()
  return answer.text
}

export const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1])
export const bodyOf = (text: string) => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))
