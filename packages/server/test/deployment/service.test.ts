/** examples/latchkey.service: what systemd thinks of it, and its command run as systemd would. */
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../query/test/postgres.js'
import { findProgram } from '../find-program.js'
import { ann, ask, postJson, secret, temporaryFolder } from '../server.js'
import { serving, startProcess, untilServes } from '../start-process.js'
import { knownSettings, longestStopSeconds, programFolders, readExample, repository, secondsOf } from './examples.js'
import { environmentOf, readUnit } from './read-unit.js'

const folder = temporaryFolder()
const register = (url: string, account: string) => postJson(url, '/v1/client/register', { ...ann, account })
const logIn = (url: string, account = ann.account) => postJson(url, '/v1/token', { account, secret, type: 100 })

describe('latchkey.service', () => {
  const text = readExample('latchkey.service')
  const unit = readUnit(text)
  const service = (name: string) => unit.one('Service', name)
  /** As it would be with the packages installed where this checkout has them. */
  const installed = text.replaceAll('/opt/latchkey', repository.replace(/\/$/, ''))
  const file = join(folder, 'latchkey.service')
  beforeAll(() => writeFileSync(file, installed))

  it('holds no secret, and no setting that does not exist', () => {
    const names = Object.keys(environmentOf(unit, { S: '/var/lib' }))
    expect(names).toContain('LATCHKEY_DATA')
    for (const name of names) {
      expect(knownSettings()).toContain(name)
      expect(['LATCHKEY_SECRET', 'DATABASE_URL']).not.toContain(name)
    }
    expect(text).toContain(`install --mode=600 /dev/null ${service('EnvironmentFile')}\n`)
  })

  it('leaves no core behind, which would hold what it was working with', () => {
    expect(service('LimitCORE')).toBe('0')
  })

  it('waits longer for the end than the server takes', () => {
    expect(secondsOf(service('TimeoutStopSec'))).toBeGreaterThan(longestStopSeconds)
  })

  it('is a command that serves as its user, and ends with 0 when it is told to', async () => {
    const port = await freePort()
    const own = environmentOf(readUnit(installed), { S: folder })
    const [command, ...words] = readUnit(installed).one('Service', 'ExecStart').split(' ') as [string, ...string[]]
    const started = startProcess(command, words, {
      folder: readUnit(installed).one('Service', 'WorkingDirectory'),
      // The last two are what the environment file would hold.
      environment: { PATH: programFolders, ...own, PORT: String(port), LATCHKEY_ISSUER: 'https://id.example' },
    })
    const server = await untilServes(serving(started, port))
    const { url } = server
    expect((await ask(url, 'GET', '/healthz')).status).toBe(200)
    expect((await register(url, ann.account)).status).toBe(201)
    const { json } = await logIn(url)
    expect((await ask(url, 'GET', '/v1/user', { token: json.token })).status).toBe(200)
    expect([await server.end(service('KillSignal') as NodeJS.Signals), server.output.error]).toEqual([0, ''])
    const data = own.LATCHKEY_DATA as string
    expect(data).toBe(join(folder, service('StateDirectory')))
    for (const name of readdirSync(data)) expect(statSync(join(data, name)).mode & 0o077).toBe(0)
  })

  const analyze = process.platform === 'linux' ? findProgram(['systemd-analyze'], 'systemd') : undefined
  if (!analyze) console.warn('SKIPPED the check of the unit: there is no systemd-analyze')
  it.runIf(analyze !== undefined)('has nothing that systemd-analyze objects to', () => {
    const verify = [analyze as string, 'verify', file]
    // It warns of units that this one only names, too.
    const said = execFileSync('sh', ['-c', '"$@" 2>&1', 'sh', ...verify], { encoding: 'utf8' })
    expect(said.split('\n').filter((line) => line.includes('latchkey'))).toEqual([])
  })

  const canRate = analyze !== undefined && versionOf(analyze) >= 250
  if (!canRate) console.warn('SKIPPED the rating of the unit: there is no systemd-analyze of version 250 or newer')
  it.runIf(canRate)('leaves little to whoever takes the process over', () => {
    const words = ['security', '--offline=true', '--no-pager', file]
    const said = execFileSync(analyze as string, words, { encoding: 'utf8' })
    const [line, exposure] = /exposure level for latchkey\.service: ([\d.]+)/.exec(said) ?? []
    console.log(`systemd-analyze: ${line} (0 nothing, 10 everything)`)
    expect(Number(exposure)).toBeLessThanOrEqual(2)
  })
})

function versionOf(analyze: string): number {
  return Number(/^systemd (\d+)/.exec(execFileSync(analyze, ['--version'], { encoding: 'utf8' }))?.[1])
}
