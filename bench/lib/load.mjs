/** Requests over connections that are kept, by a client that costs less than any server: answers are counted by their bytes. */
import { connect } from 'node:net'

/**
 * Opens `connections` to `url`. `send(requests)` sends each of these texts once, one at a time on a connection, and settles when
 * all are answered; every answer must be a 200 of the same length.
 * @throws Error for any other answer.
 */
export async function openLoad(url, connections) {
  const { hostname, port } = new URL(url)
  const sockets = await Promise.all(
    Array.from({ length: connections }, () => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true })
      return new Promise((resolve, reject) => socket.once('connect', () => resolve(socket)).once('error', reject))
    }),
  )
  return {
    async send(requests) {
      let next = 0
      const length = await exchange(sockets[0], requests[next++])
      await Promise.all(
        sockets.map(async (socket) => {
          while (next < requests.length) {
            const seen = await exchange(socket, requests[next++], length)
            if (seen !== length) throw new Error(`An answer of ${seen} bytes, not of ${length}`)
          }
        }),
      )
    },
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Sends one request and answers how many bytes came back; without `length`, as many as there are when it is over. */
function exchange(socket, request, length) {
  return new Promise((resolve, reject) => {
    let seen = 0
    let head = ''
    if (socket.destroyed) return reject(new Error('The connection was closed'))
    socket.onData = (chunk) => {
      if (seen === 0 && chunk.latin1Slice(9, 12) !== '200') return reject(new Error(chunk.latin1Slice(0, 400)))
      seen += chunk.length
      if (length === undefined) {
        head += chunk.latin1Slice()
        if (!isWhole(head)) return
      } else if (seen < length) return
      resolve(seen)
    }
    if (socket.listenerCount('data') === 0) {
      socket.on('data', (chunk) => socket.onData(chunk))
      socket.on('close', () => socket.onData(Buffer.from('HTTP/1.1 000 the connection was closed')))
    }
    socket.write(request, 'latin1')
  })
}

function isWhole(answer) {
  const end = answer.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, end))?.[1]
  return length === undefined ? answer.endsWith('\r\n0\r\n\r\n') : answer.length === end + 4 + Number(length)
}

/** The text of a GET request. */
export function requestText(path, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines.join('')}\r\n`
}
