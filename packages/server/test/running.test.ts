/** What whoever runs the server sees: its log, its readiness, its metrics. */
import { existsSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../query/test/postgres.js'
import { openBetterSqlite } from '../src/store/sqlite/better-sqlite.js'
import { startsIn } from './running/starts-in.js'
import { ann, ask, closeServer, listen, postJson, secret, temporaryFolder } from './server.js'
import { openSocket } from './socket.js'
import { bin, startProcess, until } from './start-process.js'

const { newFolder, start, serve } = startsIn(temporaryFolder())
const logIn = (url: string) => postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })
/** Each starts processes. */
const slow = { timeout: 60_000 }
const isHealthy = (url: string) =>
  ask(url, 'GET', '/healthz').then(
    ({ status }) => status === 200 || undefined,
    () => undefined,
  )
const json = { 'content-type': 'application/json' }

describe('the log', slow, () => {
  it('has one line of JSON for each request, with the id that its answer carries', async () => {
    const { url, logged, output, lines } = await serve()
    const register = await postJson(url, '/v1/client/register', ann)
    const { token } = (await logIn(url)).json
    const profile = await ask(url, 'GET', '/v1/user', { token })
    const missing = await ask(url, 'GET', '/v1/user/99', { token })
    const nowhere = await ask(url, 'GET', '/somewhere/else?x=1')
    const invalid = await postJson(url, '/v1/token', { account: 1 })
    const wrong = await postJson(url, '/v1/token', { account: ann.account, secret: 'a wrong passphrase', type: 100 })
    const found = await logged('request', 7)
    const shown = found.map(({ requestId, method, route, status, code }) => [requestId, method, route, status, code])
    const id = (answer: typeof register) => answer.headers.get('x-request-id')
    expect(shown).toEqual([
      [id(register), 'POST', '/v1/client/register', 201, undefined],
      [expect.stringMatching(/^[0-9a-f]{24}$/), 'POST', '/v1/token', 201, undefined],
      [id(profile), 'GET', '/v1/user', 200, undefined],
      [id(missing), 'GET', '/v1/user/:uid', 403, undefined],
      [id(nowhere), 'GET', 'none', 404, undefined],
      [id(invalid), 'POST', '/v1/token', 400, 'parameter_invalid'],
      [id(wrong), 'POST', '/v1/token', 401, 'auth_failed'],
    ])
    for (const line of found) {
      expect(line).toMatchObject({ level: 'info', addressPrefix: '127.0.0.0/24', pid: expect.any(Number) })
      expect(line.ms).toBeGreaterThan(0)
      expect(Math.abs(Date.parse(line.time) - Date.now())).toBeLessThan(60_000)
    }
    expect(new Set(found.map(({ requestId }) => requestId)).size).toBe(7)
    expect(lines('serving')).toEqual([expect.objectContaining({ url: url.replace('127.0.0.1', 'localhost') })])
    expect(output.error).toBe('')
  })

  it('never holds a credential, wherever a client puts it', async () => {
    const folder = newFolder()
    const { url, child, ended, output, lines } = await serve({ folder, environment: { LATCHKEY_TRUSTED_PROXIES: '1' } })
    await postJson(url, '/v1/client/register', ann)
    const pair = (await logIn(url)).json
    const key = (
      await ask(url, 'POST', '/v1/user/api-keys', {
        ...{ token: pair.token, headers: json, body: JSON.stringify({ name: 'program' }) },
      })
    ).json
    const credentials = [secret, pair.token, pair.refresh_token, key.key, 'a wrong passphrase']
    for (const credential of credentials) {
      const encoded = encodeURIComponent(credential)
      await ask(url, 'GET', `/v1/user/${encoded}`, { token: pair.token })
      await ask(url, 'GET', `/${encoded}?access_token=${encoded}`)
      await ask(url, 'GET', `/v1/revocations?after=${encoded}`)
      await ask(url, 'GET', '/v1/user', { headers: { authorization: `Bearer ${credential}` } })
      await ask(url, 'GET', '/v1/user', { headers: { authorization: credential, 'user-agent': credential } })
      await ask(url, 'GET', '/v1/user', { headers: { 'x-request-id': credential, 'x-forwarded-for': credential } })
      await ask(url, 'POST', '/v1/token', {
        headers: json,
        body: `{"account":"${credential}","secret":"${credential}"`,
      })
      await postJson(url, '/v1/token', { account: credential, secret: credential, type: 100 })
      await postJson(url, '/v1/token', { account: 'ann@example.org', secret: credential, type: 300 })
      await postJson(url, '/v1/token/refresh', { refresh_token: credential })
      await postJson(url, '/v1/token/revoke', { token: credential })
    }
    const { token } = (await logIn(url)).json
    // From here on every query of a session fails, and the log says why.
    const database = openBetterSqlite(join(folder, 'data', 'latchkey.db'))
    database.exec('alter table sessions rename to gone')
    database.close()
    for (const credential of credentials) {
      const path = `/v1/user/api-keys/${encodeURIComponent(credential)}`
      expect((await ask(url, 'DELETE', path, { token })).status).toBe(500)
      await postJson(url, '/v1/token/refresh', { refresh_token: credential })
    }
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    const said = output.out + output.error
    expect(said.split('\n').length).toBeGreaterThan(50)
    expect(lines('DELETE /v1/user/api-keys/:id failed').length).toBe(credentials.length)
    for (const credential of credentials) expect(said).not.toContain(credential)
    // Nor the part of a token that would do.
    for (const part of pair.token.split('.').slice(1)) expect(said).not.toContain(part)
  })

  it('says nothing of programs that ask all the time, unless they fail', async () => {
    const { url, lines, logged } = await serve()
    for (const path of ['/healthz', '/readyz', '/v1/revocations']) {
      expect((await ask(url, 'GET', path)).status).toBe(200)
      expect((await ask(url, 'DELETE', path)).status).toBe(405)
    }
    await logged('request', 3)
    expect(lines('request').map(({ method }) => method)).toEqual(['DELETE', 'DELETE', 'DELETE'])
  })

  it('takes the id of a request from a proxy that is trusted, and from nobody else', async () => {
    const id = '7f3c2b1a-0d9e-4c55-8f11-2233445566aa'
    const { url: open } = await serve()
    const { url: behind } = await serve({ environment: { LATCHKEY_TRUSTED_PROXIES: '1' } })
    const idOf = async (url: string, given: string) =>
      (await ask(url, 'GET', '/healthz', { headers: { 'x-request-id': given } })).headers.get('x-request-id')
    expect(await idOf(behind, id)).toBe(id)
    for (const given of ['short', 'x'.repeat(32), `${'a'.repeat(65)}`, 'lkk_0123456789abcdef01234567']) {
      expect(await idOf(behind, given)).toMatch(/^[0-9a-f]{24}$/)
    }
    expect(await idOf(open, id)).toMatch(/^[0-9a-f]{24}$/)
  })

  it('can be made silent', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'latchkey.config.json'), '{"logLevel":"silent"}')
    const server = await start({ folder })
    const { url, output, child, ended } = server
    await until(server, () => isHealthy(url), 'an answer')
    expect((await ask(url, 'GET', '/nowhere')).status).toBe(404)
    child.kill('SIGTERM')
    expect([await ended, output.out, output.error]).toEqual([0, '', ''])
  })

  it('holds no request up when nobody reads it, and throws away what is too much', async () => {
    const server = await start()
    const { url, port, child, ended, lines } = server
    child.stdout?.pause()
    await until(server, () => isHealthy(url), 'an answer')
    const requests = 8_000
    const socket = await openSocket(port)
    socket.write('GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(requests))
    const countOf = (text: string) => text.split('HTTP/1.1 404 ').length - 1
    const { text } = await socket.answer(30_000, (sofar) => countOf(sofar) === requests)
    expect(countOf(text)).toBe(requests)
    expect(await isHealthy(url)).toBe(true)
    child.stdout?.resume()
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(lines('request').length).toBeGreaterThan(100)
    expect(lines('request').length).toBeLessThan(requests)
  })

  it.runIf(existsSync('/dev/full'))('is no reason to stop when it can be written nowhere', async () => {
    const port = await freePort()
    const words = [
      '-c',
      'exec "$@" > /dev/full',
      'sh',
      process.execPath,
      bin,
      'serve',
      '--port',
      String(port),
      '--json',
    ]
    const server = startProcess('sh', words, { folder: newFolder() })
    onTestFinished(() => void server.end('SIGKILL'))
    const url = `http://127.0.0.1:${port}`
    await until(server, () => isHealthy(url), 'an answer')
    for (let i = 0; i < 20; i++) expect((await ask(url, 'GET', '/nowhere')).status).toBe(404)
    expect([await server.end(), server.output.error]).toEqual([0, ''])
  })
})

describe('readiness', slow, () => {
  it('ends with the signal, before the port is closed where somebody asks for it', async () => {
    const { url, child, ended } = await serve()
    expect((await ask(url, 'GET', '/readyz')).json).toEqual({ status: 'ready' })
    child.kill('SIGTERM')
    const askReady = () => ask(url, 'GET', '/readyz')
    let answer = await askReady()
    const until = performance.now() + 3_000
    while (answer.status === 200 && performance.now() < until) answer = await askReady()
    expect([answer.status, answer.json]).toEqual([503, { status: 'unready', reasons: ['stopping'] }])
    // Whoever has not heard of it yet is still served, and told not to come again on this connection.
    const late = await postJson(url, '/v1/client/register', ann)
    expect([late.status, late.headers.get('connection')]).toEqual([201, 'close'])
    expect(await ended).toBe(0)
  })

  it('holds up no end where nobody asks for it; requests that run end in peace', async () => {
    const { url, port, child, ended, lines } = await serve()
    await postJson(url, '/v1/client/register', ann)
    const running = await openSocket(port)
    const body = JSON.stringify({ account: ann.account, secret, type: 100 })
    const head = `POST /v1/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
    running.write(`${head}\r\n\r\n${body.slice(0, 9)}`)
    await pause(200)
    child.kill('SIGTERM')
    await pause(300)
    await expect(ask(url, 'GET', '/healthz')).rejects.toThrow('ECONNREFUSED')
    running.write(body.slice(9))
    const { text } = await running.answer(5_000, (answer) => answer.includes('"token"'))
    expect(text).toMatch(/^HTTP\/1\.1 201 /)
    expect(text.toLowerCase()).toContain('\r\nconnection: close\r\n')
    expect(await ended).toBe(0)
    expect([lines('stopping')[0]?.asked, lines('stopped').length]).toEqual(['SIGTERM', 1])
  })
})

describe('metrics', slow, () => {
  const metrics = async (port: number) => (await ask(`http://127.0.0.1:${port}`, 'GET', '/metrics')).text
  const read = (text: string, series: string) => {
    const line = text.split('\n').find((one) => one.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length + 1))
  }

  it.each([[[]], [['--workers', '2']]])('count what was asked and answered, with %j', async (words) => {
    const metricsPort = await freePort()
    const { url, output } = await serve({ words, environment: { LATCHKEY_METRICS_PORT: String(metricsPort) } })
    await postJson(url, '/v1/client/register', ann)
    const { token } = (await logIn(url)).json
    for (let i = 0; i < 7; i++) await ask(url, 'GET', '/v1/user', { token })
    for (let i = 0; i < 3; i++) await ask(url, 'GET', '/v1/user', { token: `${token}x` })
    await ask(url, 'GET', '/v1/user')
    await ask(url, 'GET', `/${'x'.repeat(100)}`)
    await ask(url, 'FROB', '/v1/user')
    const other = (await logIn(url)).json
    expect((await postJson(url, '/v1/token/revoke', { token: other.token })).status).toBe(200)
    await expect.poll(async () => read(await metrics(metricsPort), 'latchkey_revocations')).toBe(1)
    const text = await metrics(metricsPort)
    const requests = (labels: string) => read(text, `latchkey_http_requests_total{${labels}}`)
    expect(requests('method="GET",route="/v1/user",status="200"')).toBe(7)
    expect(requests('method="GET",route="/v1/user",status="401"')).toBe(4)
    expect(requests('method="POST",route="/v1/token",status="201"')).toBe(2)
    expect(requests('method="GET",route="none",status="404"')).toBe(1)
    expect(read(text, 'latchkey_http_request_duration_seconds_count{route="/v1/user"}')).toBeGreaterThanOrEqual(11)
    expect(read(text, 'latchkey_decisions_total{outcome="accepted"}')).toBe(7)
    expect(read(text, 'latchkey_decisions_total{outcome="token_invalid"}')).toBe(4)
    const found = read(text, 'latchkey_token_cache_total{result="hit"}') ?? 0
    // By one process the first two times the token is verified; with two each does that for itself.
    expect(found).toBeGreaterThanOrEqual(3)
    expect(found + (read(text, 'latchkey_token_cache_total{result="miss"}') ?? 0)).toBe(10)
    expect(read(text, 'latchkey_ready')).toBe(1)
    expect(read(text, 'latchkey_unready{reason="database"}')).toBe(0)
    expect(read(text, 'latchkey_feed_age_seconds')).toBeLessThan(1)
    expect(read(text, 'latchkey_hashing_waiting')).toBe(0)
    expect(Math.abs(read(text, 'latchkey_clock_offset_seconds') ?? 1)).toBeLessThan(0.1)
    expect(read(text, 'latchkey_signing_key_age_seconds')).toBeGreaterThanOrEqual(0)
    expect(read(text, 'process_cpu_user_seconds_total')).toBeGreaterThan(0)
    // Whatever a client invents makes no series of its own.
    expect(text).not.toContain('xxxx')
    expect(text).not.toContain('FROB')
    expect(output.out + output.error).not.toContain('EADDR')
  })

  it('are nowhere unless they are asked for, and on loopback alone', async () => {
    const { url } = await serve()
    expect((await ask(url, 'GET', '/metrics')).status).toBe(404)
    const metricsPort = await freePort()
    await serve({ environment: { LATCHKEY_METRICS_PORT: String(metricsPort), HOST: '0.0.0.0' } })
    const address = `http://127.0.0.1:${metricsPort}`
    expect((await ask(address, 'GET', '/')).status).toBe(404)
    expect((await ask(address, 'POST', '/metrics')).status).toBe(405)
    // All of 127.0.0.0/8 is this machine: another address of it stands for any other.
    await expect(ask(`http://127.0.0.2:${metricsPort}`, 'GET', '/metrics')).rejects.toThrow('ECONNREFUSED')
  })

  it.each([[[]], [['--workers', '2']]])('stop the start when their port is taken, with %j', async (words) => {
    const blocker: Server = createServer()
    const taken = await listen(blocker)
    onTestFinished(() => closeServer(blocker))
    const { ended, output } = await start({ words, environment: { LATCHKEY_METRICS_PORT: String(taken) } })
    expect(await ended).toBe(1)
    expect(output.error).toContain(`Metrics cannot be served on port ${taken}: it is taken.`)
  })
})

it('says so where SQLite could not be installed', slow, async () => {
  const hidden = `
    import module from 'node:module'
    const resolve = module._resolveFilename
    module._resolveFilename = (name, ...more) => {
      if (name.startsWith('better-sqlite3')) throw new Error('Cannot find module')
      return resolve(name, ...more)
    }`
  const nodeArguments = ['--import', `data:text/javascript,${encodeURIComponent(hidden)}`]
  const { ended, output } = await start({ nodeArguments })
  expect(await ended).toBe(1)
  expect(JSON.parse(output.error)).toMatchObject({ error: 'sqlite_missing' })
})
