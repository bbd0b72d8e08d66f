/** Webhooks: what is sent to whom, from one node or many, and what costs nothing while nobody asked for it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KyselyPlugin } from 'kysely'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { freePort } from '../../query/test/postgres.js'
import { operator } from '../src/audit/actor.js'
import { listEvents } from '../src/audit/list-events.js'
import { writeAuditEvent } from '../src/audit/write-audit-event.js'
import type { WebhookSettings } from '../src/config.js'
import { silentLog } from '../src/log/log.js'
import { openStore } from '../src/store/open-store.js'
import type { Store } from '../src/store/store.js'
import { startSweeper } from '../src/sweep/sweeper.js'
import { findCanaries } from './canary/forms.js'
import { readDatabase } from './canary/read-database.js'
import { findProgram } from './find-program.js'
import { makeCertificate } from './make-certificate.js'
import { startsIn } from './running/starts-in.js'
import { ann, ask, postJson, runCommand, secret, startNode, temporaryFolder } from './server.js'
import { createTestDatabase, type TestDatabase } from './store/test-store.js'
import { until } from './until.js'
import { lockWrites } from './webhooks/lock-writes.js'
import { answerStatus, type Received, type Receiver, startReceiver } from './webhooks/receiver.js'
import { openSender } from './webhooks/sender.js'

vi.setConfig({ testTimeout: 90_000 })
afterAll(() => vi.resetConfig())
const { newFolder, serve } = startsIn(temporaryFolder())
const json = { 'content-type': 'application/json' }
const newDatabase = () => createTestDatabase(newFolder())

async function newReceiver(): Promise<Receiver> {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  return receiver
}
async function openBeside(database: TestDatabase): Promise<Store> {
  const store = await openStore(database.storeOptions)
  onTestFinished(() => store.close())
  return store
}
async function newNode(database: TestDatabase, webhooks: readonly WebhookSettings[], more: object = {}) {
  const node = await startNode(database, { webhooks, ...more })
  onTestFinished(node.close)
  return node
}
const logIn = (url: string) => postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })
const typesOf = (received: readonly Received[]) => received.map(({ message }) => message.type)
const rowsOf = (store: Store) => store.db.selectFrom('webhook_deliveries').selectAll().execute()
/** Longer than a node takes to look for messages. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 1_500))

it('chosen events are sent, signed, as GET /v1/admin/audit shows them, to each endpoint that asked for them', async () => {
  const database = await newDatabase()
  const [one, other] = [await newReceiver(), await newReceiver()]
  const node = await newNode(database, [one.settings(['login', 'nickname']), other.settings(['nickname'])])
  const store = await openBeside(database)
  await postJson(node.url, '/v1/client/register', ann)
  const { token } = (await logIn(node.url)).json
  const body = JSON.stringify({ nickname: 'anna' })
  expect((await ask(node.url, 'PATCH', '/v1/user', { token, headers: json, body })).status).toBe(200)
  await until(() => one.received.length === 2 && other.received.length === 1)
  const [login] = one.received.filter(({ message }) => message.type === 'latchkey.login') as [Received]
  expect(typesOf(one.received).sort()).toEqual(['latchkey.login', 'latchkey.nickname'])
  expect(typesOf(other.received)).toEqual(['latchkey.nickname'])
  const { events } = await listEvents(store, { limit: 10 })
  const shown = events.find(({ event }) => event === 'login')
  expect(login.message).toEqual({ type: 'latchkey.login', timestamp: shown?.at, data: { ...shown, seal: null } })
  expect(login.message.data).toMatchObject({ actor: 'user', uid: '1', outcome: 'done', address_prefix: '127.0.0.0/24' })
  expect(`/hooks/${login.path.split('/')[2]}`).toBe(new URL(one.url).pathname)
  expect(Object.keys(login.headers).filter((name) => name.startsWith('webhook-'))).toEqual([
    ...['webhook-id', 'webhook-timestamp', 'webhook-signature'],
  ])
  expect(login.id).toMatch(/^msg_[\w-]{24}$/)
  const ids = [...one.received, ...other.received].map(({ id }) => id)
  expect(new Set(ids).size).toBe(3)
  await until(async () => (await rowsOf(store)).length === 0)
  expect(node.log).toEqual([])
})

it('a command that changes something owes messages as well, which a server sends', async () => {
  const folder = newFolder()
  const database = await createTestDatabase(folder)
  const receiver = await newReceiver()
  const webhooks = [receiver.settings(['disable'])]
  writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ webhooks }))
  const node = await newNode(database, webhooks)
  await postJson(node.url, '/v1/client/register', ann)
  const { code } = await runCommand(folder, ['user', 'disable', ann.account], '', database.environment)
  expect(code).toBe(0)
  await until(() => receiver.received.length > 0)
  expect(receiver.received[0]?.message).toMatchObject({ type: 'latchkey.disable', data: { actor: 'operator' } })
})

it('a change that is rolled back owes nothing, and one that is not does', async () => {
  const receiver = await newReceiver()
  const sender = await openSender((await newDatabase()).storeOptions, [receiver.settings(['login'])])
  const event = { at: 1, event: 'login', outcome: 'done', by: operator } as const
  const failing = sender.store.transaction(async (transaction) => {
    await writeAuditEvent(transaction, { ...event, detail: 'rolled back' })
    expect(await transaction.selectFrom('webhook_deliveries').select('id').execute()).toHaveLength(1)
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await sender.owed()).toEqual([])
  await sender.write('login', 'committed')
  sender.start()
  await until(() => sender.outcomes.length > 0)
  await aWhile()
  expect(receiver.received.map(({ message }) => message.data.detail)).toEqual(['committed'])
})

describe('what nobody asked for', () => {
  /** How many statements writing a login takes. */
  async function statements(store: Store): Promise<number> {
    let count = 0
    const plugin: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        count++
        return result
      },
    }
    await store.transaction((transaction) =>
      writeAuditEvent(transaction.withPlugin(plugin) as typeof transaction, {
        ...{ at: 1, event: 'login', outcome: 'done', by: operator },
      }),
    )
    return count
  }

  it('is nothing at all by default: no row, no statement, no turn', async () => {
    const database = await newDatabase()
    const node = await startNode(database)
    await postJson(node.url, '/v1/client/register', ann)
    expect((await logIn(node.url)).status).toBe(201)
    await aWhile()
    await node.close()
    const store = await openBeside(database)
    expect(await rowsOf(store)).toEqual([])
    expect(await store.db.selectFrom('meta').select('name').where('name', '=', 'delivering').execute()).toEqual([])
    expect(await statements(store)).toBe(1)
  })

  it('costs neither where webhooks ask for other events', async () => {
    const receiver = await newReceiver()
    const { storeOptions } = await newDatabase()
    const [other, same] = [
      await openSender(storeOptions, [receiver.settings(['disable'])]),
      await openSender(storeOptions, [receiver.settings(['login'])]),
    ]
    expect([await statements(other.store), await other.owed()]).toEqual([1, []])
    expect([await statements(same.store), (await same.owed()).length]).toEqual([2, 1])
  })
})

describe('several nodes', () => {
  it('send each message once', async () => {
    const database = await newDatabase()
    const receiver = await newReceiver()
    const webhooks = [receiver.settings(['nickname'])]
    const nodes = [await newNode(database, webhooks), await newNode(database, webhooks)]
    const [{ url }] = nodes as [(typeof nodes)[0]]
    await postJson(url, '/v1/client/register', ann)
    const { token } = (await logIn(url)).json
    const rename = (url: string, nickname: string) =>
      ask(url, 'PATCH', '/v1/user', { token, headers: json, body: JSON.stringify({ nickname }) })
    for (let i = 0; i < 30; i++) {
      const answers = await Promise.all(nodes.map(({ url }, node) => rename(url, `ann ${node} ${i}`)))
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
    }
    await until(() => receiver.received.length >= 60)
    await aWhile()
    expect([receiver.received.length, new Set(receiver.received.map(({ id }) => id)).size]).toEqual([60, 60])
    expect(nodes.map(({ log }) => log)).toEqual([[], []])
  })

  it('or workers of one server send each message once', async () => {
    const folder = newFolder()
    const { environment } = await createTestDatabase(folder)
    const receiver = await newReceiver()
    // Longer than from one look of a worker to the next: one whose turn it is not would see what is on its way.
    receiver.answer = async (response) => {
      await aWhile()
      response.writeHead(204).end()
    }
    const webhooks = [receiver.settings(['login'])]
    writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ webhooks }))
    const { url, ...server } = await serve({ folder, environment, words: ['--workers', '2'] })
    await postJson(url, '/v1/client/register', ann)
    for (let i = 0; i < 4; i++) {
      const logins = await Promise.all(Array.from({ length: 5 }, () => logIn(url)))
      expect(logins.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201])
    }
    await until(() => receiver.received.length >= 20)
    await aWhile()
    expect([receiver.received.length, new Set(receiver.received.map(({ id }) => id)).size]).toEqual([20, 20])
    expect(server.output.error).toBe('')
  })

  it('take over from one that is killed while a message is on its way, and not before', async () => {
    const folder = newFolder()
    const { environment, storeOptions } = await createTestDatabase(folder)
    const receiver = await newReceiver()
    const webhooks = [receiver.settings(['login'])]
    writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ webhooks }))
    const first = await serve({ folder, environment })
    receiver.answer = () => {}
    await postJson(first.url, '/v1/client/register', ann)
    expect((await logIn(first.url)).status).toBe(201)
    await until(() => receiver.received.length === 1)
    await serve({ folder, environment })
    await aWhile()
    expect(receiver.received).toHaveLength(1)
    receiver.answer = answerStatus(204)
    await first.end('SIGKILL')
    const store = await openStore(storeOptions)
    onTestFinished(() => store.close())
    // As if the twenty seconds of its turn had passed.
    await store.transaction((t) =>
      t.updateTable('meta').set({ value: 'killed 0' }).where('name', '=', 'delivering').execute(),
    )
    await until(() => receiver.received.length === 2)
    const [lost, taken] = receiver.received as [Received, Received]
    expect([taken.id, taken.message]).toEqual([lost.id, lost.message])
    await until(async () => (await rowsOf(store)).length === 0)
  })
})

const openssl = findProgram(['openssl'], 'openssl')
if (!openssl) console.warn('SKIPPED TLS: there is no openssl, and it cannot be installed')

it.runIf(openssl !== undefined)(
  'over TLS nothing is sent to a certificate that is not trusted; to another, all',
  async () => {
    const folder = newFolder()
    const { environment } = await createTestDatabase(folder)
    const { certificate, ...tls } = makeCertificate(openssl as string, newFolder())
    const receiver = await startReceiver(tls)
    onTestFinished(() => receiver.close())
    const webhooks = [receiver.settings(['login'])]
    writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ webhooks }))
    const first = await serve({ folder, environment })
    await postJson(first.url, '/v1/client/register', ann)
    expect((await logIn(first.url)).status).toBe(201)
    const [line] = await first.logged('messages of a webhook are not taken; they are sent again')
    expect(line?.reason).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(await first.end()).toBe(0)
    expect(receiver.requests).toBe(0)

    await serve({ folder, environment: { ...environment, NODE_EXTRA_CA_CERTS: certificate } })
    await until(() => receiver.received.length === 1)
    expect(typesOf(receiver.received)).toEqual(['latchkey.login'])
  },
)

it('neither secrets nor paths of endpoints are in the log, the metrics or the database', async () => {
  const folder = newFolder()
  const database = await createTestDatabase(folder)
  const [taking, failing] = [await newReceiver(), await newReceiver()]
  failing.answer = answerStatus(500)
  const webhooks = [taking, failing].map((one) => one.settings(['login']))
  // In a folder of its own: on SQLite the data folder is searched.
  writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ webhooks }))
  const metricsPort = await freePort()
  const environment = { ...database.environment, LATCHKEY_METRICS_PORT: String(metricsPort) }
  const server = await serve({ folder, environment })
  await postJson(server.url, '/v1/client/register', ann)
  await logIn(server.url)
  const metrics = async () => (await ask(`http://127.0.0.1:${metricsPort}`, 'GET', '/metrics')).text
  await until(async () => /_total\{outcome="failed"\} [1-9]/.test(await metrics()) && taking.received.length === 1)
  const text = await metrics()
  expect(text).toContain('latchkey_webhook_deliveries_total{outcome="delivered"} 1')
  expect(text).toContain('latchkey_webhook_deliveries_waiting 1')
  await server.logged('messages of a webhook are not taken; they are sent again')
  expect(await server.end()).toBe(0)
  const canaries = Object.fromEntries(
    [taking, failing].flatMap(({ secret, url }, i) => [
      [`secret ${i}`, secret],
      [`base64 ${i}`, secret.slice('whsec_'.length)],
      [`bytes ${i}`, Buffer.from(secret.slice('whsec_'.length), 'base64').toString('latin1')],
      [`path ${i}`, new URL(url).pathname],
    ]),
  )
  const log = server.output.out + server.output.error
  expect(log).toContain(`webhooks[1] http://127.0.0.1:${failing.port}`)
  const stored = await readDatabase(database)
  expect([...stored.values()].join()).toContain('latchkey.login')
  for (const [place, said] of [['log', log], ['metrics', text], ...stored] as const) {
    expect([place, findCanaries(said, canaries)]).toEqual([place, []])
  }
})

it('a secret that can be guessed stops the start, and is not said', async () => {
  const weak = `whsec_${Buffer.from('changeme'.repeat(4)).toString('base64')}`
  const webhooks = [{ url: 'https://hooks.example/', secret: weak, events: ['login'] as const }]
  const refused = await startNode(await newDatabase(), { webhooks }).catch((error) => error)
  expect([refused.name, refused.reason]).toEqual(['StartError', 'webhook_secret_weak'])
  expect(refused.message).toContain('webhooks[0]')
  expect(refused.message).not.toMatch(/changeme|Y2hhbmdl/)
})

it('a flood of refusals is as bounded as the audit log: a message for each row of it, and no more', async () => {
  const flood = 1_000
  const database = await newDatabase()
  const receiver = await newReceiver()
  const webhooks = [receiver.settings(['api_key_refused', 'refusals_dropped'])]
  const limits = { perAccountAndPrefix: 0, perPrefix: 0, perAccount: 0 }
  const node = await newNode(database, webhooks, { limits })
  const store = await openBeside(database)
  let left = flood
  async function send(): Promise<void> {
    while (left-- > 0) {
      await postJson(node.url, '/v1/token', { account: 'A'.repeat(22), secret: 'lkk_wrong', type: 300 })
    }
  }
  const unlock = await lockWrites(database)
  await Promise.all(Array.from({ length: 40 }, send)).finally(unlock)
  const told = () =>
    receiver.received.reduce(
      (sum, { message: { type, data } }) => sum + (type === 'latchkey.refusals_dropped' ? Number(data.detail) : 1),
      0,
    )
  await until(() => told() >= flood, 60_000)
  const rows = await store.db.selectFrom('audit_events').select('id').execute()
  expect(receiver.received.map(({ message }) => message.data.id).sort()).toEqual(rows.map(({ id }) => id).sort())
  expect(told()).toBe(flood)
  // Those that waited for the lock, those that came in their places, and one for all others of each.
  expect(rows.length).toBeLessThanOrEqual(404)
})

it('what nobody took in ten days is removed by sweeping', async () => {
  const receiver = await newReceiver()
  const { storeOptions } = await newDatabase()
  const time = { now: 1_800_000_000 }
  const sender = await openSender({ ...storeOptions, clock: () => time.now * 1000 }, [receiver.settings(['login'])])
  await sender.write('login', 'old')
  time.now += 1
  await sender.write('login', 'new')
  time.now += 10 * 24 * 3600
  const sweeper = startSweeper({ store: sender.store, log: silentLog, lookEveryMs: 1, pauseMs: 0 })
  onTestFinished(() => sweeper.close())
  await until(async () => (await sender.owed()).length < 2)
  await aWhile()
  expect((await sender.owed()).map(({ body }) => JSON.parse(body).data.detail)).toEqual(['new'])
})
