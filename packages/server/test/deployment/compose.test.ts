/** examples/compose.yaml, read as YAML, and by docker compose where it is there. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { temporaryFolder } from '../server.js'
import { succeeds } from './container-engine.js'
import { examples, knownSettings, longestStopSeconds, readExample, secondsOf } from './examples.js'

const folder = temporaryFolder()

interface Service {
  readonly image: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly stop_grace_period?: string
  readonly networks?: { readonly default: { readonly ipv4_address: string } }
}

describe('compose.yaml', () => {
  const text = readExample('compose.yaml')
  const file = parse(text, { merge: true })
  const services = Object.entries<Service>(file.services)
  const servers = services.filter(([, { build }]) => build !== undefined).map(([, service]) => service)

  it('has no default for anything that must be set, and no secret of its own', () => {
    const variables = [...text.matchAll(/\$\{(\w+)([^}]*)\}/g)]
    expect(new Set(variables.map(([, name]) => name))).toEqual(
      new Set(['POSTGRES_PASSWORD', 'LATCHKEY_SECRET', 'LATCHKEY_ISSUER']),
    )
    for (const [whole, , rest] of variables) expect([whole, rest?.startsWith(':?')]).toEqual([whole, true])
    for (const [name, { environment = {} }] of services) {
      for (const [key, value] of Object.entries(environment)) {
        if (/SECRET|PASSWORD/.test(key)) expect([name, key, value]).toEqual([name, key, expect.stringMatching(/^\$\{/)])
        const [, password] = /^\w+:\/\/[^:]*:(.*)@/.exec(value) ?? []
        if (password !== undefined) expect(password).toMatch(/^\$\{[^}]*\}$/)
      }
    }
  })

  it('has two servers with settings that exist, and the addresses that the proxy asks', () => {
    expect(servers).toHaveLength(2)
    for (const { environment = {}, stop_grace_period = '10s' } of servers) {
      for (const name of Object.keys(environment)) expect(knownSettings()).toContain(name)
      expect(environment).toMatchObject({ LATCHKEY_TRUSTED_PROXIES: '1', LATCHKEY_ISSUER: expect.anything() })
      expect(secondsOf(stop_grace_period)).toBeGreaterThan(longestStopSeconds)
    }
    const asked = [...readExample('proxy.conf').matchAll(/^ *server ([\d.]+):4000 fail_timeout=1s;$/gm)].map(
      ([, address]) => address,
    )
    expect(servers.map(({ networks }) => networks?.default.ipv4_address)).toEqual(asked)
  })

  it('opens no port beyond this machine, and names images by version', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? [])
    expect(ports).toHaveLength(1)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
    for (const [, { image, build }] of services) if (!build) expect(image).toMatch(/:\d+(\.\d+)*$/)
  })

  it('mounts and builds from files that exist, and volumes that it declares', () => {
    for (const [, { volumes = [], build }] of services) {
      if (build) expect(existsSync(join(examples, build.context, build.dockerfile))).toBe(true)
      for (const volume of volumes) {
        const [source = ''] = volume.split(':')
        const isThere = source.startsWith('.') ? existsSync(join(examples, source)) : source in file.volumes
        expect([volume, isThere]).toEqual([volume, true])
      }
    }
  })

  const compose = succeeds('docker', ['compose', 'version'])
  if (!compose) console.warn('SKIPPED docker compose config: there is no docker compose')
  it.runIf(compose)('is what docker compose takes, with all three variables and not without', () => {
    const words = ['compose', '--file', join(examples, 'compose.yaml'), 'config', '--quiet']
    const given = { POSTGRES_PASSWORD: 'a', LATCHKEY_SECRET: 'b', LATCHKEY_ISSUER: 'http://localhost:8080' }
    const config = (env: object) =>
      execFileSync('docker', words, { cwd: folder, env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env } })
    expect(String(config(given))).toBe('')
    for (const name of Object.keys(given)) {
      expect(() => config({ ...given, [name]: '' })).toThrow(`required variable ${name} is missing a value`)
    }
  })
})
