/** What answers say to browsers, and whose pages may ask. */
import { describe, expect, it } from 'vitest'
import { ask, useServer } from './server.js'
import { exchange } from './socket.js'

const server = useServer()
const overTls = useServer({ issuer: 'https://id.example' }, { issuer: 'https://id.example' })
const origin = 'https://app.example'
const open = useServer({ corsOrigins: [origin, 'http://localhost:5173'] })

const always = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

describe('every answer', () => {
  it.each([
    ['of http', server, null],
    ['of https', overTls, 'max-age=63072000'],
  ])('%s forbids to guess its type, to frame it and to tell where it was called from', async (_, fixture, hsts) => {
    const { url, port } = fixture
    const answers = []
    const { paths } = (await ask(url, 'GET', '/openapi.json')).json
    for (const path of Object.keys(paths)) {
      for (const method of Object.keys(paths[path])) answers.push((await ask(url, method.toUpperCase(), path)).headers)
    }
    answers.push((await ask(url, 'GET', '/nowhere')).headers)
    answers.push((await ask(url, 'GET', '/healthz', { headers: { host: 'a b' } })).headers)
    for (const raw of ['nonsense\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n']) {
      const [head = ''] = (await exchange(port, raw)).split('\r\n\r\n')
      const lines = head.split('\r\n').slice(1)
      answers.push(new Headers(lines.map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string])))
    }
    expect(answers.length).toBeGreaterThan(25)
    for (const headers of answers) {
      expect(Object.fromEntries(Object.keys(always).map((name) => [name, headers.get(name)]))).toEqual(always)
      expect(headers.get('strict-transport-security')).toBe(hsts)
      expect([headers.get('server'), headers.get('x-powered-by')]).toEqual([null, null])
    }
  })
})

describe('a page of another origin', () => {
  const preflight = (url: string, from: string) =>
    ask(url, 'OPTIONS', '/v1/token', {
      headers: {
        origin: from,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
  const strangers = ['null', 'https://evil.example', 'https://app.example.evil.example', 'http://app.example']
  const more = ['https://sub.app.example', 'https://app.example:8443', 'https://APP.example', `${origin}/`]

  it('may call the API where it is named, as it is written and not in part', async () => {
    for (const from of [origin, 'http://localhost:5173']) {
      const { status, headers } = await preflight(open.url, from)
      expect([status, headers.get('access-control-allow-origin')]).toEqual([204, from])
      expect(headers.get('access-control-allow-headers')).toBe('authorization,content-type')
      expect(headers.get('access-control-allow-credentials')).toBeNull()
      expect(headers.get('vary')?.toLowerCase()).toContain('origin')
      for (const path of ['/v1/user', '/nowhere']) {
        const refused = await ask(open.url, 'GET', path, { headers: { origin: from } })
        expect(refused.headers.get('access-control-allow-origin')).toBe(from)
        expect(refused.headers.get('access-control-expose-headers')).toContain('retry-after')
      }
    }
    for (const from of [...strangers, ...more]) {
      for (const url of [open.url, server.url]) {
        expect((await preflight(url, from)).headers.get('access-control-allow-origin')).toBeNull()
        const { headers } = await ask(url, 'GET', '/v1/user', { headers: { origin: from } })
        expect(headers.get('access-control-allow-origin')).toBeNull()
      }
    }
  })

  it('may not call it where none is named', async () => {
    const { status, headers } = await preflight(server.url, origin)
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, null])
  })

  it('is told the methods of a path as everybody is', async () => {
    const { status, headers } = await ask(open.url, 'OPTIONS', '/v1/token', { headers: { origin } })
    expect([status, headers.get('allow')]).toEqual([204, 'POST, OPTIONS'])
  })
})
