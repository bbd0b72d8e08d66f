/** Every path of the OpenAPI document: methods that are not there, OPTIONS, HEAD, and no way to somewhere else. */
import { beforeAll, expect, it } from 'vitest'
import { pathOf, readOperations } from './routes/operations.js'
import { ann, useServer } from './server.js'
import { exchange, statusOf } from './socket.js'

const server = useServer()
let token: string
/** By path: the methods that it has. */
const paths = new Map<string, Set<string>>()
beforeAll(async () => {
  await server.post('/v1/client/register', ann)
  await server.run('user', 'role', ann.account, 'admin')
  token = await server.logIn()
  for (const operation of await readOperations(server)) {
    const known = paths.get(pathOf(operation)) ?? new Set()
    known.add(operation.method)
    paths.set(pathOf(operation), known)
  }
  // It does not name itself.
  paths.set('/openapi.json', new Set(['GET']))
})

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'TRACE', 'QUERY']
const credentials = () => [{}, { authorization: 'Bearer x' }, { authorization: `Bearer ${token}` }]
const allowedOf = (known: ReadonlySet<string>) => [...known, ...(known.has('GET') ? ['HEAD'] : []), 'OPTIONS']
const sorted = (list: readonly string[]) => [...list].sort()

it('answers 405 to each method that it has not, whoever asks, with Allow', async () => {
  for (const [path, known] of paths) {
    const allowed = allowedOf(known)
    for (const method of methods.filter((one) => !allowed.includes(one))) {
      for (const headers of credentials()) {
        const answer = await server.ask(method, path, { headers })
        const allow = answer.headers.get('allow')?.split(', ')
        expect([method, path, answer.status, allow && sorted(allow)]).toEqual([method, path, 405, sorted(allowed)])
        expect(answer.headers.get('content-type')).toBe('application/problem+json')
        if (method !== 'HEAD') expect([answer.json.code, answer.json.error_code]).toEqual(['http_error', 1007])
      }
    }
  }
})

it('answers OPTIONS with 204 and Allow, and lets no other origin in', async () => {
  for (const [path, known] of paths) {
    const preflight = { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' }
    for (const headers of [...credentials(), preflight]) {
      const answer = await server.ask('OPTIONS', path, { headers })
      const allow = answer.headers.get('allow')?.split(', ')
      expect([path, answer.status, answer.text, allow && sorted(allow)]).toEqual([
        ...[path, 204, '', sorted(allowedOf(known))],
      ])
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  }
})

it('answers HEAD as GET, in all but the body, which is not there', async () => {
  const asked = [...paths].filter(([, known]) => known.has('GET')).map(([path]) => path)
  expect(asked.length).toBeGreaterThan(8)
  for (const path of [...asked, '/v1/admin/sessions?user=1', '/v1/user/1']) {
    for (const { authorization = 'None' } of credentials() as { authorization?: string }[]) {
      const read = async (method: string) => {
        const lines = [`${method} ${path} HTTP/1.1`, 'Host: localhost', `Authorization: ${authorization}`]
        const text = await exchange(server.port, `${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`)
        const end = text.indexOf('\r\n\r\n')
        const headers = text.slice(0, end).split('\r\n').slice(1)
        // How long the body is it may leave out; when it was asked is another moment.
        const names = headers.filter((line) => !/^(?:date|content-length|transfer-encoding):/i.test(line))
        return { status: statusOf(text), headers: sorted(names), body: text.slice(end + 4) }
      }
      const [head, get] = [await read('HEAD'), await read('GET')]
      expect([path, authorization, { ...head, body: '' }]).toEqual([path, authorization, { ...get, body: '' }])
      expect([path, head.body, get.body === '']).toEqual([path, '', false])
    }
  }
})

it('sends nobody elsewhere: no answer is a redirect or names a Location', async () => {
  const spellings = (path: string) => [path, `${path}/`, `/${path}`, path.toUpperCase(), `${path}?next=//evil.example`]
  for (const path of [...paths.keys(), '/', '//evil.example', '/.well-known', '/v1']) {
    for (const spelling of spellings(path)) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        // With the token it would end what the others need.
        const [nobody, , admin] = credentials()
        const headers = method === 'DELETE' ? nobody : admin
        const answer = await server.ask(method, spelling, { headers: headers as Record<string, string> })
        const isElsewhere = answer.status >= 300 && answer.status < 400
        expect([method, spelling, isElsewhere, answer.headers.get('location')]).toEqual([method, spelling, false, null])
      }
    }
  }
})

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
