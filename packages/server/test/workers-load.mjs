// Load from a process of its own, as light as can be: keeps raw connections busy for a while and prints what was answered.
// Usage: load.mjs PORT SECONDS guarded TOKEN | load.mjs PORT SECONDS refresh REFRESH_TOKEN...
import { connect } from 'node:net'
import process from 'node:process'

const [port, seconds, kind, ...credentials] = process.argv.slice(2)
const connections = 16
const host = `127.0.0.1:${port}`
let answered = 0
let others = 0
let isOver = false

const get = (token) => `GET /v1/user HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`
function post(token) {
  const body = `{"refresh_token":"${token}"}`
  return `POST /v1/token/refresh HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

// One after the other on each connection; the answer to a refresh has the next token.
function drive(credential) {
  return new Promise((resolve, reject) => {
    let current = credential
    let text = ''
    const socket = connect(Number(port), '127.0.0.1')
    const send = () => socket.write(kind === 'refresh' ? post(current) : get(current))
    socket.setNoDelay(true).setEncoding('latin1')
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      text += chunk
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const [, length] = /content-length: (\d+)/i.exec(text) ?? []
      if (text.length < end + 4 + Number(length)) return
      if (/^HTTP\/1\.1 20[01] /.test(text)) answered += 1
      else others += 1
      if (kind === 'refresh') current = /"refresh_token":"([^"]+)"/.exec(text)?.[1]
      text = ''
      if (isOver || current === undefined) {
        socket.destroy()
        resolve(current)
      } else send()
    })
  })
}

const began = performance.now()
setTimeout(() => {
  isOver = true
}, Number(seconds) * 1000)
const next = await Promise.all(
  Array.from({ length: connections }, (_, i) => drive(credentials[i % credentials.length])),
)
const perSecond = answered / ((performance.now() - began) / 1000)
console.log(JSON.stringify({ perSecond, answered, others, next: kind === 'refresh' ? next : undefined }))
