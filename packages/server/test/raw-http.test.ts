/** What no HTTP client would send, byte by byte over a socket. */
import { describe, expect, it } from 'vitest'
import { ann, useServer } from './server.js'
import { bodyOf, exchange, openSocket, statusOf } from './socket.js'

const server = useServer({}, { headersTimeoutMs: 400, requestTimeoutMs: 600 })
const json = 'Content-Type: application/json'
const head = (line: string, ...headers: string[]) => `${[line, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n`
const close = 'Connection: close'

function refusal(text: string) {
  const { code, error_code, status } = bodyOf(text)
  expect(text.toLowerCase()).toContain('content-type: application/problem+json')
  expect(status).toBe(statusOf(text))
  return [status, code, error_code]
}

describe('a body over 64 KiB', () => {
  it('that is announced is refused with 413 before it is read', async () => {
    const raw = await openSocket(server.port)
    raw.write(head('POST /v1/token HTTP/1.1', json, 'Content-Length: 10000000'))
    raw.write('x'.repeat(100))
    const begun = Date.now()
    const { text } = await raw.answer(2000, (part) => part.includes('\r\n\r\n{'))
    expect(Date.now() - begun).toBeLessThan(300)
    expect(refusal(text)).toEqual([413, 'http_error', 1007])
    // The rest is not waited for.
    expect((await raw.answer(3000)).closed).toBe(true)
  })

  it('that comes in chunks is refused at the limit', async () => {
    const raw = await openSocket(server.port)
    raw.write(head('POST /v1/token HTTP/1.1', json, 'Transfer-Encoding: chunked'))
    const chunk = `2000\r\n${'x'.repeat(0x2000)}\r\n`
    raw.write(chunk.repeat(8))
    expect((await raw.answer(100)).text).toBe('')
    raw.write(chunk)
    const { text } = await raw.answer(2000, (part) => part.includes('\r\n\r\n{'))
    expect(refusal(text)).toEqual([413, 'http_error', 1007])
    expect((await raw.answer(3000)).closed).toBe(true)
  })

  it('is one byte over; of exactly 64 KiB it is read', async () => {
    const sized = async (length: number) => {
      const start = '{"token":"'
      const body = `${start}${'x'.repeat(length - start.length - 2)}"}`
      return exchange(
        server.port,
        head('POST /v1/token/secret HTTP/1.1', json, `Content-Length: ${length}`, close) + body,
      )
    }
    expect(refusal(await sized(65_536))).toEqual([401, 'token_invalid', 1002])
    expect(refusal(await sized(65_537))).toEqual([413, 'http_error', 1007])
  })
})

describe('what Node refuses before there is a request', () => {
  it.each([
    ['a header over 16 KiB', head('GET /v1/user HTTP/1.1', `X-Long: ${'x'.repeat(17_000)}`), 431],
    ['100 KiB of headers', head('GET /v1/user HTTP/1.1', ...Array(1000).fill(`X-Many: ${'x'.repeat(90)}`)), 431],
    ['a target over 16 KiB', head(`GET /${'x'.repeat(20_000)} HTTP/1.1`), 431],
    ['a malformed request line', 'nonsense\r\n\r\n', 400],
    ['a method that is none', head('FROB /v1/user HTTP/1.1'), 400],
    ['another protocol', head('GET /v1/user SMTP/1.0'), 400],
    ['a header without a colon', head('GET /v1/user HTTP/1.1', 'broken'), 400],
    ['two lengths', head('POST /v1/token HTTP/1.1', json, 'Content-Length: 2', 'Content-Length: 3'), 400],
    ['a length that is none', head('POST /v1/token HTTP/1.1', json, 'Content-Length: x'), 400],
    [
      'length and chunks at once',
      head('POST /v1/token HTTP/1.1', 'Content-Length: 2', 'Transfer-Encoding: chunked'),
      400,
    ],
    ['binary', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]), 400],
    ['an expectation', head('POST /v1/token HTTP/1.1', json, 'Expect: magic', close), 417],
  ])('%s is a problem document, and the connection ends', async (_, text, status) => {
    const answer = await exchange(server.port, text)
    expect(refusal(answer)).toEqual([status, 'http_error', 1007])
  })

  it('a body whose chunks are malformed is refused, and the connection ends', async () => {
    const answer = await exchange(
      server.port,
      `${head('POST /v1/token HTTP/1.1', json, 'Transfer-Encoding: chunked')}zz\r\n`,
    )
    expect(refusal(answer)).toEqual([400, 'http_error', 1007])
  })
})

it('two Host lines are refused, whichever of them would do', async () => {
  const text = await exchange(server.port, 'GET /healthz HTTP/1.1\r\nHost: a\r\nhost: b\r\nConnection: close\r\n\r\n')
  expect([statusOf(text), bodyOf(text).code]).toEqual([400, 'http_error'])
})

describe('a target or Host of which no URL can be made', () => {
  it.each([
    ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['a Host with a space', 'GET /healthz HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n'],
    ['a Host with a user', 'GET /healthz HTTP/1.1\r\nHost: a@b\r\nConnection: close\r\n\r\n'],
    ['a target without a slash', head('GET healthz HTTP/1.1', close)],
    ['an asterisk', head('OPTIONS * HTTP/1.1', close)],
    ['a backslash', head('GET /v1\\user HTTP/1.1', close)],
  ])('%s is 400', async (_, text) => {
    expect(refusal(await exchange(server.port, text))).toEqual([400, 'http_error', 1007])
  })

  it('takes the absolute form', async () => {
    expect(statusOf(await exchange(server.port, head('GET http://localhost/healthz HTTP/1.1', close)))).toBe(200)
  })
})

describe('a request that takes too long', () => {
  it('is refused with 408 when its headers do not come', async () => {
    const raw = await openSocket(server.port)
    raw.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    const { text, closed } = await raw.answer(4000)
    expect([refusal(text), closed]).toEqual([[408, 'http_error', 1007], true])
  })

  it('is refused with 408 when its body does not come, and is no fault of the server', async () => {
    const raw = await openSocket(server.port)
    raw.write(head('POST /v1/token HTTP/1.1', json, 'Content-Length: 1000'))
    raw.write('{"account":')
    const { text, closed } = await raw.answer(4000)
    expect([refusal(text), closed]).toEqual([[408, 'http_error', 1007], true])
    expect(server.log).toEqual([])
  })

  it('may be broken off by the client at any point', async () => {
    for (const part of ['', 'GET', head('POST /v1/token HTTP/1.1', json, 'Content-Length: 9'), '{"acc']) {
      const raw = await openSocket(server.port)
      raw.write(part === '{"acc' ? head('POST /v1/token HTTP/1.1', json, 'Content-Length: 9') + part : part)
      await new Promise((resolve) => setTimeout(resolve, 20))
      raw.destroy()
    }
    expect((await server.ask('GET', '/healthz')).status).toBe(200)
    expect(server.log).toEqual([])
  })
})

describe('a connection', () => {
  it('goes on after a refusal whose body was read', async () => {
    const raw = await openSocket(server.port)
    const text = JSON.stringify({ ...ann, account: 1 })
    const one = head('POST /v1/client/register HTTP/1.1', json, `Content-Length: ${text.length}`) + text
    raw.write(one + one + head('GET /healthz HTTP/1.1', close))
    const answer = (await raw.answer(2000)).text
    expect(answer.match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 400', 'HTTP/1.1 200'])
    raw.destroy()
  })

  it('with two Authorization lines is 400, whichever comes first', async () => {
    const lines = ['Authorization: Bearer a', 'Authorization: Basic YTo=']
    for (const [first, second] of [lines, lines.toReversed()] as [string, string][]) {
      const answer = await exchange(server.port, head('GET /v1/user HTTP/1.1', first, second, close))
      expect(refusal(answer)).toEqual([400, 'parameter_invalid', 1000])
      expect(answer).toContain('error="invalid_request"')
    }
  })

  it('with TRACE is 405, and CONNECT is closed', async () => {
    expect(refusal(await exchange(server.port, head('TRACE /v1/user HTTP/1.1', close)))).toEqual([
      405,
      'http_error',
      1007,
    ])
    const raw = await openSocket(server.port)
    raw.write(head('CONNECT localhost:1 HTTP/1.1'))
    expect((await raw.answer(2000)).closed).toBe(true)
  })
})
