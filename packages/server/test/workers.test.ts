/** Several processes that share a port and a database: `latchkey serve --workers`. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startsIn } from './running/starts-in.js'
import { ann, ask, postJson, runCommand, secret, temporaryFolder } from './server.js'
import { openSocket } from './socket.js'

const { newFolder, start, serve } = startsIn(temporaryFolder())
const logIn = (url: string) => postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })
/** Each starts processes. */
const slow = { timeout: 60_000 }

describe('--workers', slow, () => {
  it('share a port and a database: what one is told, all know', async () => {
    const { url, logged, child, ended } = await serve({ words: ['--workers', '3'] })
    await postJson(url, '/v1/client/register', ann)
    const pair = (await logIn(url)).json
    for (let i = 0; i < 30; i++) {
      expect((await ask(url, 'GET', '/v1/user', { token: pair.token })).status).toBe(200)
    }
    const pids = new Set((await logged('request', 32)).map(({ pid }) => pid))
    expect(pids.size).toBe(3)
    expect(pids.has(child.pid)).toBe(false)
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => postJson(url, '/v1/token/refresh', { refresh_token: pair.refresh_token })),
    )
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    const { token } = answers[0]?.json ?? {}
    expect((await postJson(url, '/v1/token/revoke', { token })).status).toBe(200)
    await pause(1000)
    for (let i = 0; i < 12; i++) expect((await ask(url, 'GET', '/v1/user', { token })).status).toBe(401)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  it('are replaced when one dies, and end with the process that keeps them', async () => {
    const { url, logged, child, ended } = await serve({ words: ['--workers', '2'] })
    for (let i = 0; i < 20; i++) await ask(url, 'GET', '/nowhere')
    const [first] = (await logged('request', 20)).map(({ pid }) => pid)
    process.kill(first, 'SIGKILL')
    expect((await logged('a worker ended'))[0]).toMatchObject({ level: 'error', worker: first, exit: 'SIGKILL' })
    const seen = new Set<number>()
    const until = performance.now() + 15_000
    while (seen.size < 2 && performance.now() < until) {
      await ask(url, 'GET', '/nowhere').catch(() => {})
      for (const { pid } of (await logged('request')).slice(20)) if (pid !== first) seen.add(pid)
    }
    expect(seen.size).toBe(2)
    child.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')
    const gone = async (pid: number) => {
      for (let i = 0; i < 200; i++) {
        try {
          process.kill(pid, 0)
        } catch {
          return true
        }
        await pause(20)
      }
      return false
    }
    expect(await Promise.all([...seen].map(gone))).toEqual([true, true])
  })

  it('end their requests, though each of them gets the signal as well', async () => {
    const { url, port, child, ended, logged } = await serve({ words: ['--workers', '2'] })
    await postJson(url, '/v1/client/register', ann)
    for (let i = 0; i < 10; i++) await ask(url, 'GET', '/nowhere')
    const pids = new Set((await logged('request', 11)).map(({ pid }) => pid))
    const running = await openSocket(port)
    const body = JSON.stringify({ account: ann.account, secret, type: 100 })
    const head = `POST /v1/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
    running.write(`${head}\r\n\r\n${body.slice(0, 9)}`)
    await pause(200)
    // As a service manager does.
    for (const pid of [child.pid as number, ...pids]) process.kill(pid, 'SIGTERM')
    await pause(300)
    running.write(body.slice(9))
    expect((await running.answer(5_000, (text) => text.includes('"token"'))).text).toMatch(/^HTTP\/1\.1 201 /)
    expect(await ended).toBe(0)
  })

  it.runIf(process.platform === 'linux')('end in peace when they are told to while one of them starts', async () => {
    const { logged, lines, child, ended } = await serve({ words: ['--workers', '2'] })
    const [, second] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ')
    process.kill(Number(second), 'SIGKILL')
    await logged('a worker ended')
    // Its successor has been begun, and does not listen yet.
    await pause(500)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(lines('stopped')).toHaveLength(2)
  })

  it('say once why none can start', async () => {
    const { ended, output } = await start({ words: ['--workers', '3'], environment: { LATCHKEY_DATA: '/dev/null/x' } })
    expect(await ended).toBe(1)
    expect(output.error.match(/The data folder \/dev\/null\/x cannot be used/g)).toHaveLength(1)
  })

  it.each(['0', '-1', '1.5', 'many', '100'])('are not %s', async (workers) => {
    const { code, error } = await runCommand(newFolder(), ['serve', '--workers', workers])
    expect([code, error]).toEqual([2, 'latchkey: --workers must be a whole number from 1 to 99'])
  })
})
