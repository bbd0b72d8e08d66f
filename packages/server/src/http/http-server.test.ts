import { get, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createHttpServer, type HttpServer } from './http-server.js'

let made: HttpServer
const waiting: ServerResponse[] = []
afterEach(() => {
  made.server.closeAllConnections()
  waiting.length = 0
})

/** Requests to `/wait` are answered when the test says so, all others at once. */
async function start(): Promise<number> {
  made = createHttpServer((request, response) => {
    if (request.url === '/wait') waiting.push(response)
    else response.end('now')
  })
  await new Promise<void>((resolve) => made.server.listen(0, '127.0.0.1', resolve))
  return (made.server.address() as AddressInfo).port
}

function ask(port: number, path: string): Promise<string> {
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      response.setEncoding('utf8').on('data', resolve)
    }).on('error', (error: Error & { code?: string }) => resolve(error.code ?? 'failed'))
  })
}

async function elapsed(work: Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work
  return performance.now() - begun
}

describe('stopping', () => {
  it('closes connections that never sent a request, and those kept alive, at once', async () => {
    const port = await start()
    const silent = connect(port, '127.0.0.1')
    const kept = connect(port, '127.0.0.1')
    kept.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await new Promise((resolve) => kept.once('data', resolve))
    silent.on('error', () => {})
    kept.on('error', () => {})
    expect(await elapsed(made.stop(5000))).toBeLessThan(500)
  })

  it('answers what was under way on a connection that is kept, and says that it is the last', async () => {
    const port = await start()
    const kept = connect(port, '127.0.0.1')
    let said = ''
    kept.setEncoding('utf8').on('data', (chunk) => {
      said += chunk
    })
    kept.on('error', () => {})
    kept.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
    await new Promise((resolve) => kept.once('data', resolve))
    said = ''
    const stopped = made.stop(5000)
    await new Promise((resolve) => setTimeout(resolve, 20))
    kept.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
    await stopped
    expect(said).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(said).toContain('Connection: close')
  })

  it('waits for what runs, and for nothing after it', async () => {
    const port = await start()
    const silent = connect(port, '127.0.0.1').on('error', () => {})
    const answer = ask(port, '/wait')
    while (waiting.length === 0) await pause(5)
    const stopped = elapsed(made.stop(5000))
    await pause(100)
    expect(await ask(port, '/')).toBe('ECONNREFUSED')
    waiting[0]?.end('late')
    expect(await answer).toBe('late')
    const time = await stopped
    expect(time).toBeGreaterThan(90)
    expect(time).toBeLessThan(1000)
    silent.destroy()
  })

  it('waits no longer than it is told', async () => {
    const port = await start()
    const answer = ask(port, '/wait')
    while (waiting.length === 0) await pause(5)
    const time = await elapsed(made.stop(150))
    expect(time).toBeGreaterThan(140)
    expect(time).toBeLessThan(1500)
    expect(await answer).toBe('ECONNRESET')
  })
})

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
