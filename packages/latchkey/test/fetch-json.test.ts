/** The one bounded GET: its end comes, whatever the other side and the garbage collector do. */
import { createServer, type RequestListener } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchJson, UnexpectedStatus } from '../src/auth/fetch-json.js'
import { listen } from './guards/apps/listen.js'
import type { App } from './guards/routes.js'
import { collect } from './heap.js'

const answerText = (text: string | Uint8Array): RequestListener => {
  return (_, response) => void response.end(text)
}
const answers: Readonly<Record<string, RequestListener>> = {
  '/headers': ({ headers }, response) => void response.end(JSON.stringify(headers)),
  '/missing': (_, response) => void response.writeHead(404).end('not the secret of anybody'),
  '/created': (_, response) => void response.writeHead(201).end('{}'),
  '/moved': (_, response) => void response.writeHead(302, { location: '/whole' }).end(),
  '/empty': answerText(''),
  '/null': answerText('null'),
  '/text': answerText('"a"'),
  '/twice': answerText('{"a":1,"a":2}'),
  '/latin1': answerText(Uint8Array.of(0x7b, 0x22, 0xe4, 0x22, 0x3a, 0x31, 0x7d)),
  '/cut': answerText(Buffer.from('{"a":"ä"}').subarray(0, 7)),
  '/split': (_, response) => {
    const bytes = Buffer.from('{"a":"ä"}')
    response.write(bytes.subarray(0, 7))
    setTimeout(() => response.end(bytes.subarray(7)), 50)
  },
}
for (const age of ['0', '1', '7.5', '-3', 'old']) {
  Object.assign(answers, { [`/age/${age}`]: aged(age) })
}

function aged(age: string): RequestListener {
  return (_, response) => void response.writeHead(200, { age }).end('{}')
}

let app: App
let url: string
let collecting: NodeJS.Timeout
beforeAll(async () => {
  app = await listen(
    createServer((request, response) => {
      if (request.url === '/stuck') return
      const answer = answers[request.url ?? '']
      if (answer !== undefined) {
        answer(request, response)
        return
      }
      response.writeHead(200)
      if (request.url === '/whole') response.end('{"a":1}')
      else response.write('{"a":')
    }),
  )
  url = `http://127.0.0.1:${app.port}`
  collecting = setInterval(collect, 20)
})
afterAll(async () => {
  clearInterval(collecting)
  await app.close()
})

describe('a request', () => {
  it('ends after five seconds, before the answer begins and within it', { timeout: 15_000 }, async () => {
    const { signal } = new AbortController()
    const began = performance.now()
    await Promise.all(
      ['/stuck', '/half'].map(async (path) => {
        await expect(fetchJson(url + path, { maxBytes: 100, signal })).rejects.toThrow(
          `${url + path} must answer within 5000 ms`,
        )
        expect(performance.now() - began).toBeGreaterThan(4900)
        expect(performance.now() - began).toBeLessThan(7000)
      }),
    )
  })

  it('ends when it is aborted, before the answer begins and within it', async () => {
    for (const path of ['/stuck', '/half']) {
      const aborting = new AbortController()
      const ended = expect(fetchJson(url + path, { maxBytes: 100, signal: aborting.signal })).rejects.toThrow('closed')
      await new Promise((resolve) => setTimeout(resolve, 100))
      aborting.abort(new Error('closed'))
      await ended
    }
    await expect(
      fetchJson(`${url}/whole`, { maxBytes: 100, signal: AbortSignal.abort(new Error('closed')) }),
    ).rejects.toThrow('closed')
  })

  it('takes as many bytes as were agreed', async () => {
    const { signal } = new AbortController()
    expect(await fetchJson(`${url}/whole`, { maxBytes: 7, signal })).toEqual({ value: { a: 1 }, ageSeconds: 0 })
    await expect(fetchJson(`${url}/whole`, { maxBytes: 6, signal })).rejects.toThrow('at most 6 bytes')
  })
})

describe('an answer', () => {
  const { signal } = new AbortController()
  const get = (path: string, authorization?: string) => fetchJson(url + path, { maxBytes: 1000, signal, authorization })

  it('is asked for as JSON, with a credential where there is one', async () => {
    const { value } = await get('/headers')
    expect(value).toMatchObject({ accept: 'application/json' })
    expect('authorization' in value).toBe(false)
    expect((await get('/headers', 'Bearer abc')).value).toMatchObject({ authorization: 'Bearer abc' })
  })

  it.each([
    ['0', 0],
    ['1', 1],
    ['7.5', 7.5],
    ['-3', 0],
    ['old', 0],
  ])('is as old as its Age %s says: %d', async (age, seconds) => {
    expect((await get(`/age/${age}`)).ageSeconds).toBe(seconds)
  })

  it.each([
    ['/missing', 404],
    ['/created', 201],
  ])('of another status is none: %s', async (path, status) => {
    const refusal = await get(path).catch((error) => error)
    expect(refusal).toBeInstanceOf(UnexpectedStatus)
    expect([refusal.status, refusal.message]).toEqual([status, `${url + path} must answer 200, not ${status}`])
  })

  it('from elsewhere is none', async () => {
    await expect(get('/moved')).rejects.toThrow(TypeError)
  })

  it.each(['/null', '/text', '/twice', '/empty'])('must be an object, strictly written: %s', async (path) => {
    await expect(get(path)).rejects.toThrow(`${url + path} must answer a JSON object`)
  })

  it('must be UTF-8, whole, in whatever pieces it comes', async () => {
    await expect(get('/latin1')).rejects.toThrow(TypeError)
    await expect(get('/cut')).rejects.toThrow(TypeError)
    expect((await get('/split')).value).toEqual({ a: 'ä' })
  })
})
