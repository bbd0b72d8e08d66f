import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineRoles } from 'latchkey'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError, defineConfig, type LatchkeyConfig, readConfig } from '../config.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const read = (environment: Record<string, string> = {}, argument: LatchkeyConfig = {}) =>
  readConfig({ argument, environment, folder })
const file = (name: string, text: string) => writeFileSync(join(folder, name), text)

async function refusal(environment: Record<string, string>, argument: object = {}): Promise<string> {
  const error = await read(environment, argument).catch((reason) => reason)
  expect(error).toBeInstanceOf(ConfigurationError)
  return (error as Error).message
}

describe('what applies when nothing is said', () => {
  it('is a server on 127.0.0.1:4000 with SQLite in ./data', async () => {
    const { clock, roles, ...rest } = await read()
    expect(rest).toEqual({
      port: 4000,
      host: '127.0.0.1',
      databaseUrl: undefined,
      dataFolder: './data',
      secret: undefined,
      issuer: 'http://localhost:4000',
      issuerGiven: false,
      audiences: [],
      accessTtlSeconds: 7200,
      rolesGiven: false,
      algorithm: 'EdDSA',
      keyLeadSeconds: 600,
      trustedProxies: 0,
      corsOrigins: [],
      logLevel: 'info',
      metricsPort: undefined,
      feedAccess: 'public',
      registration: true,
      auditRetentionDays: 400,
      breachedPasswordsFile: undefined,
      limits: { perAccountAndPrefix: 10, perPrefix: 100, perAccount: 100, registrationsPerPrefix: 60 },
      webhooks: [],
    })
    expect(clock).toBeUndefined()
    expect(roles.grant('admin')).toEqual(['*:*', '*:*:any'])
    expect(roles.grant('user')).toEqual(['user:read', 'user:write'])
  })

  it('is 30 days for a token with NODE_ENV=development, unless another time is given', async () => {
    expect((await read({ NODE_ENV: 'development' })).accessTtlSeconds).toBe(2_592_000)
    expect((await read({ NODE_ENV: 'production' })).accessTtlSeconds).toBe(7200)
    expect((await read({ NODE_ENV: 'development' }, { accessTtlSeconds: 60 })).accessTtlSeconds).toBe(60)
  })

  it('is an issuer with the port that is configured', async () => {
    expect((await read({ PORT: '4100' })).issuer).toBe('http://localhost:4100')
    expect((await read({ PORT: '4100', LATCHKEY_ISSUER: 'https://id.example' })).issuer).toBe('https://id.example')
  })
})

describe('the order', () => {
  it('is argument, environment, file, default, for each setting by itself', async () => {
    file('latchkey.config.json', '{"port":4001,"host":"10.0.0.1","issuer":"https://file.example","registration":false}')
    const environment = { PORT: '4002', HOST: '10.0.0.2' }
    const { port, host, issuer, registration } = await read(environment, { port: 4003 })
    expect([port, host, issuer, registration]).toEqual([4003, '10.0.0.2', 'https://file.example', false])
  })

  it('passes over members of the argument that are undefined', async () => {
    const argument = { port: undefined } as unknown as LatchkeyConfig
    expect((await read({ PORT: '4002' }, argument)).port).toBe(4002)
  })
})

describe('the environment', () => {
  it('has one name for each setting that has one', async () => {
    const secret = 's'.repeat(32)
    const config = await read({
      ...{ PORT: '4009', HOST: '::1', LATCHKEY_DATA: '/srv/latchkey', LATCHKEY_SECRET: secret },
      ...{ LATCHKEY_ISSUER: 'https://id.example/a', LATCHKEY_AUDIENCES: 'orders  https://b.example' },
      ...{ LATCHKEY_TRUSTED_PROXIES: '2', LATCHKEY_METRICS_PORT: '9464' },
      LATCHKEY_CORS_ORIGINS: 'https://app.example http://localhost:5173',
    })
    expect(config).toMatchObject({
      ...{ port: 4009, host: '::1', dataFolder: '/srv/latchkey', secret, issuer: 'https://id.example/a' },
      ...{ audiences: ['orders', 'https://b.example'], trustedProxies: 2, metricsPort: 9464 },
      corsOrigins: ['https://app.example', 'http://localhost:5173'],
    })
  })

  it.each([
    ['PORT', '0', 'a whole number from 1 to 65535'],
    ['PORT', '65536', 'a whole number from 1 to 65535'],
    ['PORT', '4000x', 'a whole number from 1 to 65535'],
    ['PORT', '0x10', 'a whole number from 1 to 65535'],
    ['PORT', ' 4000', 'a whole number from 1 to 65535'],
    ['PORT', '', 'a whole number from 1 to 65535'],
    ['LATCHKEY_METRICS_PORT', '99999', 'a whole number from 1 to 65535'],
    ['HOST', 'a b', 'a host name or an IP address'],
    ['DATABASE_URL', 'mysql://ann:password@h/d', 'a postgres:// or postgresql:// URL'],
    ['DATABASE_URL', '/var/lib/latchkey.db', 'a postgres:// or postgresql:// URL'],
    ['HOST', 'http://a', 'a host name or an IP address'],
    ['LATCHKEY_DATA', '', 'the path of a folder'],
    ['LATCHKEY_SECRET', 'short', 'a text of 32 bytes or more'],
    ['LATCHKEY_SECRET', `${'a'.repeat(32)},short`, 'a text of 32 bytes or more'],
    ['LATCHKEY_ISSUER', 'id.example', 'an http or https URL'],
    ['LATCHKEY_ISSUER', 'ftp://id.example', 'an http or https URL'],
    ['LATCHKEY_ISSUER', 'https://id.example/?a=b', 'an http or https URL'],
    ['LATCHKEY_ISSUER', 'https://id.example/#a', 'an http or https URL'],
    ['LATCHKEY_ISSUER', 'https://u:p@id.example', 'an http or https URL'],
    ['LATCHKEY_ISSUER', 'https://id.example/a b', 'an http or https URL'],
    ['LATCHKEY_ISSUER', 'https://', 'an http or https URL'],
    ['LATCHKEY_AUDIENCES', Array(33).fill('a').join(' '), 'a list of at most 32 texts'],
    ['LATCHKEY_AUDIENCES', '', 'a list of at most 32 texts'],
    ['LATCHKEY_AUDIENCES', 'a\tb', 'a list of at most 32 texts'],
    ['LATCHKEY_TRUSTED_PROXIES', '11', 'a whole number from 0 to 10'],
    ['LATCHKEY_TRUSTED_PROXIES', '-1', 'a whole number from 0 to 10'],
    ['LATCHKEY_TRUSTED_PROXIES', 'all', 'a whole number from 0 to 10'],
  ])('refuses %s=%j and says what was expected', async (name, value, expected) => {
    const message = await refusal({ [name]: value })
    expect(message).toContain(`${name} (environment) must be ${expected}`)
    if (value.length > 4) expect(message).not.toContain(value)
  })

  it('refuses a misspelt name, but not what Kubernetes adds beside a service of that name', async () => {
    expect(await refusal({ LATCHKEY_ISUER: 'x' })).toMatch(/LATCHKEY_ISUER .* there are .*LATCHKEY_ISSUER/)
    const added = {
      LATCHKEY_SERVICE_HOST: '10.0.0.1',
      LATCHKEY_PORT: 'tcp://10.0.0.1:4000',
      LATCHKEY_PORT_4000_TCP: 'x',
      LATCHKEY_SERVER_SERVICE_HOST: '10.0.0.1',
      LATCHKEY_SERVER_SERVICE_PORT_HTTP: '4000',
      LATCHKEY_DB_PORT_5432_TCP_ADDR: '10.0.0.2',
    }
    await expect(read(added)).resolves.toMatchObject({ port: 4000 })
  })
})

describe('a PostgreSQL database', () => {
  const environment = { DATABASE_URL: 'postgres://ann:password@db.example/latchkey' }

  it('wants an issuer that all machines share, and the refusal holds no password', async () => {
    const message = await refusal(environment)
    expect(message).toContain('issuer (LATCHKEY_ISSUER) must be given')
    expect(message).not.toContain('password')
    const config = await read({ ...environment, LATCHKEY_ISSUER: 'https://id.example' })
    expect(config.databaseUrl).toBe(environment.DATABASE_URL)
  })
})

describe('an object', () => {
  it.each([
    ['port', '4000'],
    ['port', 4000.5],
    ['host', ''],
    ['dataFolder', 'a\0b'],
    ['secret', ''],
    ['issuer', 5],
    ['audiences', 'orders'],
    ['audiences', ['']],
    ['audiences', ['a b']],
    ['accessTtlSeconds', 0],
    ['accessTtlSeconds', 2_592_001],
    ['accessTtlSeconds', Number.NaN],
    ['roles', {}],
    ['algorithm', 'none'],
    ['algorithm', 'RS256'],
    ['keyLeadSeconds', 9],
    ['keyLeadSeconds', 3601],
    ['keyLeadSeconds', 30.5],
    ['registration', 'no'],
    ['corsOrigins', '*'],
    ['corsOrigins', ['*']],
    ['corsOrigins', ['null']],
    ['corsOrigins', ['https://*.example']],
    ['corsOrigins', ['https://app.example/']],
    ['corsOrigins', ['https://App.example']],
    ['corsOrigins', ['https://app.example:443']],
    ['corsOrigins', ['app.example']],
    ['breachedPasswordsFile', ''],
    ['breachedPasswordsFile', 'a\0b'],
    ['breachedPasswordsFile', true],
    ['auditRetentionDays', 0],
    ['auditRetentionDays', '400'],
    ['limits', 5],
    ['limits', []],
    ['limits', { perPrefix: -1 }],
    ['limits', { perPrefix: 1.5 }],
    ['limits', { perPrefix: 1_000_001 }],
    ['limits', { perprefix: 5 }],
    ['limits', { toString: 5 }],
    ['trustedProxies', true],
    ['feedAccess', 'private'],
    ['logLevel', 'debug'],
    ['metricsPort', 0],
    ['clock', 5],
  ])('is refused for %s %j', async (name, value) => {
    expect(await refusal({}, { [name]: value })).toMatch(new RegExp(`^${name} \\(argument\\) must be `))
    expect(() => defineConfig({ [name]: value })).toThrow(ConfigurationError)
  })

  it('is refused for a name that is none, one of a later version, and when it is no object', async () => {
    expect(await refusal({}, { prot: 1 })).toMatch(/^"prot" \(argument\) is not a setting; there are port, /)
    expect(await refusal({}, { constructor: 1 })).toContain('"constructor"')
    expect(await refusal({}, { pages: true })).toMatch(/^pages .*this version/)
    expect(await refusal({}, [])).toContain('must be an object')
  })

  it('reports everything that is wrong at once', async () => {
    const message = await refusal({ PORT: 'x' }, { host: '', prot: 1 })
    expect(message.split('\n')).toHaveLength(3)
  })
})

describe('the file', () => {
  it('may be JavaScript with a default export', async () => {
    file('latchkey.config.js', 'export default { port: 4005, clock: () => 7 }')
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const { port, clock } = await read()
    expect([port, clock?.()]).toEqual([4005, 7])
  })

  it.each([
    ['latchkey.config.json', '{"prot":1}', '"prot" (latchkey.config.json) is not a setting'],
    ['latchkey.config.json', '{"port":"1"}', 'port (latchkey.config.json) must be a whole number'],
    ['latchkey.config.json', '{"secret":"hidden', 'latchkey.config.json must be valid JSON'],
    ['latchkey.config.json', '[]', 'must be an object'],
    ['latchkey.config.js', 'module.exports = {', 'latchkey.config.js cannot be loaded'],
    ['latchkey.config.js', 'export const port = 1', 'must be an object'],
  ])('%s of %j is refused', async (name, text, expected) => {
    file(name, text)
    const message = await refusal({})
    expect(message).toContain(expected)
    expect(message).not.toContain('hidden')
  })

  it('of TypeScript is refused by name where Node cannot read it', async () => {
    file('latchkey.config.ts', 'export default {}')
    if ((process.features as { typescript?: unknown }).typescript) await read()
    else expect(await refusal({})).toContain('latchkey.config.ts needs a Node that strips types')
  })

  it('is one, not two', async () => {
    file('latchkey.config.js', 'export default {}')
    file('latchkey.config.json', '{}')
    expect(await refusal({})).toContain('latchkey.config.js and latchkey.config.json')
  })
})

describe('roles', () => {
  it('that are given replace built-in ones of the same name, and the others stay', async () => {
    const roles = defineRoles({ scopes: ['a:b'], roles: { user: { allow: ['a:b'] }, clerk: { extends: ['user'] } } })
    const config = await read({}, { roles })
    expect(config.roles.names).toEqual(['user', 'clerk', 'admin'])
    expect(config.roles.grant('user')).toEqual(['a:b'])
    expect(config.roles.grant('admin', ['a:b'])).toEqual(['a:b'])
    expect([config.roles.has('clerk'), config.roles.has('none'), config.rolesGiven]).toEqual([true, false, true])
  })
})

it('defineConfig returns a frozen copy', () => {
  const config = { port: 4001 }
  const defined = defineConfig(config)
  expect(defined).toEqual(config)
  expect(defined).not.toBe(config)
  expect(Object.isFrozen(defined)).toBe(true)
})
