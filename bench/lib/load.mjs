/** Requests over connections that are kept, by a client that costs less than any server. */
import { connect } from 'node:net'

const patienceMs = 30_000

/**
 * Opens a connection to `url`, for one request at a time. `ask(text)` answers the `status`, the `head` and the `body` of what
 * comes back, each character a byte.
 * @throws Error when the connection is closed before the answer is whole, or nothing comes for half a minute.
 */
export function openConnection(url) {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  let asked
  let seen = ''
  let gone
  socket.setTimeout(patienceMs, () => asked && socket.destroy(new Error(`No answer in ${patienceMs / 1000} seconds`)))
  socket.on('error', (error) => {
    gone = error
  })
  socket.on('close', () => {
    gone ??= new Error(`The server closed the connection after ${JSON.stringify(seen)}`)
    asked?.reject(gone)
  })
  socket.on('data', (chunk) => {
    seen += chunk.latin1Slice()
    try {
      if (asked === undefined) throw new Error(`An answer to no request: ${seen}`)
      const answer = readAnswer(seen)
      if (answer === undefined) return
      const { resolve } = asked
      asked = undefined
      seen = ''
      resolve(answer)
    } catch (error) {
      socket.destroy(error)
    }
  })
  const ask = (text) =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) return reject(gone)
      if (asked !== undefined) return reject(new Error('One request at a time'))
      asked = { resolve, reject }
      socket.write(text)
    })
  return new Promise((resolve, reject) => {
    socket.once('error', reject).once('connect', () => resolve({ ask, close: () => socket.destroy() }))
  })
}

export const openConnections = (url, count) => Promise.all(Array.from({ length: count }, () => openConnection(url)))

/**
 * Opens `connections` to `url`. `send(requests)` sends each of these texts once, one at a time on a connection, and settles when
 * all are answered, each by a 200 of the same length. `work(each, ms)` has every connection do `each(ask, index)` again and again
 * for that long, and answers how often that was done a second.
 * @throws Error for any other answer.
 */
export async function openLoad(url, connections) {
  const opened = await openConnections(url, connections)
  return {
    async send(requests) {
      let next = 0
      const { body } = await expectStatus(opened[0].ask(requests[next++]), 200)
      await Promise.all(
        opened.map(async ({ ask }) => {
          while (next < requests.length) {
            const seen = await expectStatus(ask(requests[next++]), 200)
            if (seen.body.length !== body.length) throw new Error(`${seen.body}, and before ${body}`)
          }
        }),
      )
    },
    async work(each, ms) {
      const began = performance.now()
      let done = 0
      await Promise.all(
        opened.map(async ({ ask }, index) => {
          while (performance.now() - began < ms) {
            await each(ask, index)
            done++
          }
        }),
      )
      return (done / (performance.now() - began)) * 1000
    },
    close() {
      for (const { close } of opened) close()
    },
  }
}

/** @throws Error for an answer of another status. */
export async function expectStatus(answering, wanted) {
  const answer = await answering
  if (answer.status !== wanted) throw new Error(`Not ${wanted}: ${answer.head}\n${answer.body}`)
  return answer
}

/** Undefined while it is not whole. */
function readAnswer(text) {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const rest = text.slice(end + 4)
  const given = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  const body = given === undefined ? joinChunks(rest) : cut(rest, Number(given))
  return body === undefined ? undefined : { status: Number(head.slice(9, 12)), head, body }
}

function cut(text, length) {
  if (text.length > length) throw new Error(`More than an answer of ${length} bytes: ${text}`)
  return text.length < length ? undefined : text
}

/** RFC 9112 section 7.1. Undefined while the last chunk is missing. */
function joinChunks(text) {
  let body = ''
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(text.slice(at, line), 16)
    if (Number.isNaN(size)) throw new Error(`Neither a length nor chunks: ${text}`)
    at = line + 2 + size + 2
    if (text.length < at) return undefined
    if (size === 0) return body
    body += text.slice(line + 2, at - 2)
  }
}

/** The text of a GET request. */
export function requestText(path, headers) {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${linesOf(headers)}\r\n`
}

/** The text of a POST request of JSON. */
export function postText(path, body, headers = {}) {
  const json = JSON.stringify(body)
  const entity = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) }
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${linesOf({ ...entity, ...headers })}\r\n${json}`
}

const linesOf = (headers) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
