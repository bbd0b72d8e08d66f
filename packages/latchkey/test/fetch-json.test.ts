/** The one bounded GET: its end comes, whatever the other side and the garbage collector do. */
import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchJson } from '../src/auth/fetch-json.js'
import { listen } from './guards/apps/listen.js'
import type { App } from './guards/routes.js'
import { collect } from './heap.js'

let app: App
let url: string
let collecting: NodeJS.Timeout
beforeAll(async () => {
  app = await listen(
    createServer((request, response) => {
      if (request.url === '/stuck') return
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
