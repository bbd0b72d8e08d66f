/** What is broken keeps a server from starting: it says what, ends with 1, and its port was never open. */
import { existsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type SettingName, settings } from '../src/config/settings.js'
import { openStore } from '../src/store/open-store.js'
import { startsIn } from './running/starts-in.js'
import { temporaryFolder } from './server.js'
import type { ServeOptions } from './start-process.js'
import { createPostgresDatabase } from './store/test-store.js'

const { newFolder, start, serve } = startsIn(temporaryFolder())
/** They start processes. */
const slow = { timeout: 120_000 }

/** Whether something listens there. */
const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
  }).finally(() => pause(20))

/** What a server that does not start says, and its exit code. Throws as soon as its port is open. */
async function refusal(options: Partial<ServeOptions>) {
  const { port, child, end, output } = await start(options)
  let wasOpen = false
  while (child.exitCode === null && !wasOpen) wasOpen = await listens(port)
  if (wasOpen) throw new Error(`It serves: ${output.out}`)
  const code = await end()
  const { error, message } = JSON.parse(output.error) as { error: string; message: string }
  return { code, error, message, out: output.out }
}

/** One value of each setting that cannot be, as far as JSON can say it. */
const broken: Readonly<Record<SettingName, unknown>> = {
  port: 65_536,
  host: 'two words',
  databaseUrl: 'mysql://localhost/latchkey',
  dataFolder: '',
  secret: 'thirty-one bytes are not enough',
  issuer: 'https://id.example/?query',
  audiences: 'orders',
  accessTtlSeconds: 0,
  roles: { user: [] },
  algorithm: 'none',
  keyLeadSeconds: 9,
  trustedProxies: -1,
  corsOrigins: ['*'],
  metricsPort: '9100',
  logLevel: 'debug',
  feedAccess: 'private',
  auditRetentionDays: null,
  breachedPasswordsFile: 'a\0b',
  registration: 'false',
  limits: { perAccount: -1 },
  webhooks: [{ url: 'http://hooks.example', secret: 'whsec_', events: [] }],
  clock: 0,
}

describe('a configuration file', slow, () => {
  it('with a value that cannot be, of whatever setting, ends the start', async () => {
    expect(Object.keys(broken).sort()).toEqual(Object.keys(settings).sort())
    const left = Object.entries(broken)
    const refused: string[] = []
    async function tryNext(): Promise<void> {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const [name, value] = next
        const folder = newFolder()
        writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ [name]: value }))
        const answer = await refusal({ folder })
        expect({ name, ...answer }).toMatchObject({ code: 1, error: 'configuration', out: '' })
        expect(answer.message).toMatch(new RegExp(`^${name}[^ ]* \\(latchkey\\.config\\.json\\) must be `))
        // Nothing is made before all is right.
        expect([name, existsSync(join(folder, 'data'))]).toEqual([name, false])
        refused.push(name)
      }
    }
    await Promise.all(Array.from({ length: 4 }, tryNext))
    expect(refused.sort()).toEqual(Object.keys(settings).sort())
  })

  it.each([
    ['that is cut off', '{"registration":fals', 'must be valid JSON'],
    ['that is no object', '["registration"]', 'must be an object'],
    ['with a name that is none', '{"registrations":false}', '"registrations" (latchkey.config.json) is not a setting'],
  ])('%s ends the start', async (_, text, message) => {
    const folder = newFolder()
    writeFileSync(join(folder, 'latchkey.config.json'), text)
    const answer = await refusal({ folder })
    expect(answer).toMatchObject({ code: 1, error: 'configuration', out: '' })
    expect(answer.message).toContain(message)
  })
})

describe.each(['SQLite', 'PostgreSQL'])('the keys in %s', slow, (store) => {
  const secret = 'a secret of more than thirty-two bytes'

  it('open with the secret that they were sealed with, whole, or not at all', async () => {
    const folder = newFolder()
    const databaseUrl = store === 'PostgreSQL' ? await createPostgresDatabase() : undefined
    const database = databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }
    const shared = { LATCHKEY_ISSUER: 'http://localhost:4000', ...database }
    const environment = { ...shared, LATCHKEY_SECRET: secret }
    if (databaseUrl !== undefined) {
      expect(await refusal({ folder, environment: shared })).toMatchObject({
        ...{ code: 1, error: 'secret_missing', out: '' },
      })
    }
    expect(await (await serve({ folder, environment })).end()).toBe(0)

    const others = [
      ['another secret of more than thirty-two bytes', 'secret_wrong'],
      // In SQLite's place of it there is no file, since one was given before.
      [undefined, 'secret_missing'],
    ] as const
    for (const [other, error] of others) {
      const changed = other === undefined ? shared : { ...shared, LATCHKEY_SECRET: other }
      expect(await refusal({ folder, environment: changed })).toMatchObject({ code: 1, error, out: '' })
    }

    const opened = await openStore({ dataFolder: join(folder, 'data'), databaseUrl })
    const { kid, private: sealed } = await opened.db.selectFrom('signing_keys').selectAll().executeTakeFirstOrThrow()
    const writeKey = (bytes: Buffer) =>
      opened.transaction((t) => t.updateTable('signing_keys').set({ private: bytes }).where('kid', '=', kid).execute())
    const damaged = Buffer.from(sealed)
    damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1
    await writeKey(damaged)
    expect(await refusal({ folder, environment })).toMatchObject({
      ...{ code: 1, error: 'keys_damaged', out: '' },
    })
    // It was that byte, and nothing else.
    await writeKey(sealed)
    await opened.close()
    expect(await (await serve({ folder, environment })).end()).toBe(0)
  })
})
