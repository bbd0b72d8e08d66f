/** What becomes of messages that an endpoint does not take, and of those on their way when a node ends. */
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { freePort } from '../../query/test/postgres.js'
import { temporaryFolder } from './server.js'
import { createTestDatabase } from './store/test-store.js'
import { until } from './until.js'
import { lockWrites } from './webhooks/lock-writes.js'
import { answerStatus, type Received, type Receiver, startReceiver } from './webhooks/receiver.js'
import { openSender } from './webhooks/sender.js'

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())
const folder = temporaryFolder()
let count = 0
const newDatabase = () => createTestDatabase(join(folder, String(++count)))
async function newReceiver(): Promise<Receiver> {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  return receiver
}
const idsOf = (received: readonly Received[]) => received.map(({ id }) => id)
const never = () => {}

describe('a message is sent again under its id', () => {
  it('after an error, after silence and after no connection, each at its own time', async () => {
    const [failing, silent] = [await newReceiver(), await newReceiver()]
    const { storeOptions } = await newDatabase()
    const port = await freePort()
    const away = { ...failing.settings(['enable']), url: `http://127.0.0.1:${port}/away` }
    const sender = await openSender(storeOptions, [failing.settings(['login']), silent.settings(['logout']), away])
    failing.answer = answerStatus(500)
    silent.answer = never
    for (const event of ['login', 'logout', 'enable'] as const) await sender.write(event)
    const owed = await sender.owed()
    expect(owed.map(({ attempts }) => attempts)).toEqual([0, 0, 0])
    const began = sender.store.now()
    sender.start({ timeoutMs: 500 })
    await until(() => sender.outcomes.length === 3)
    // 5 seconds, a fifth more or less, after the try; which may have taken long on a busy machine.
    for (const { next_at } of await sender.owed()) expect(next_at).toBeGreaterThanOrEqual(began + 4)
    expect(idsOf([...failing.received, ...silent.received]).sort()).toEqual(
      owed.filter(({ body }) => !body.includes('latchkey.enable')).map(({ id }) => id),
    )
    expect(sender.outcomes).toEqual(['failed', 'failed', 'failed'])
    expect(sender.log.sort()).toEqual(
      [
        [failing.port, 'webhooks[0]', 'status 500'],
        [silent.port, 'webhooks[1]', 'no answer within 500 ms'],
        [port, 'webhooks[2]', 'ECONNREFUSED'],
      ].map(
        ([port, name, reason]) =>
          `latchkey: messages of a webhook are not taken; they are sent again webhook=${name} http://127.0.0.1:${port} reason=${reason}`,
      ),
    )
    for (const one of [failing, silent]) one.answer = answerStatus(200)
    await until(async () => (await sender.owed()).length === 1)
    for (const { received } of [failing, silent]) {
      expect(received).toHaveLength(2)
      const [first, second] = received as [Received, Received]
      expect([second.id, second.message]).toEqual([first.id, first.message])
      // Signed anew, so that it is not too old.
      expect(Number(second.headers['webhook-timestamp'])).toBeGreaterThan(Number(first.headers['webhook-timestamp']))
    }
  })

  it('when the database took no note of its delivery, and not before it takes notes', async () => {
    const receiver = await newReceiver()
    const database = await newDatabase()
    const sender = await openSender({ ...database.storeOptions, lockWaitMs: 100 }, [receiver.settings(['login'])])
    let unlock: (() => Promise<void>) | undefined
    receiver.answer = async (response) => {
      unlock ??= await lockWrites(database)
      response.writeHead(200).end()
    }
    await sender.write('login')
    sender.start()
    await until(() => receiver.received.length > 0)
    // Time enough for many tries.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(receiver.received).toHaveLength(1)
    expect(sender.outcomes).toEqual([])
    await unlock?.()
    await until(() => sender.outcomes.length > 0)
    expect(new Set(idsOf(receiver.received)).size).toBe(1)
    expect([receiver.received.length, sender.outcomes]).toEqual([2, ['delivered']])
  })

  it('to its endpoint alone: one that hangs holds up no other', async () => {
    const [hanging, quick] = [await newReceiver(), await newReceiver()]
    const { storeOptions } = await newDatabase()
    const sender = await openSender(storeOptions, [hanging.settings(['login']), quick.settings(['login'])])
    hanging.answer = never
    for (let i = 0; i < 20; i++) await sender.write('login')
    sender.start({ timeoutMs: 60_000 })
    await until(() => quick.received.length === 20)
    // Four at once, and no more.
    expect(hanging.received).toHaveLength(4)
  })
})

it('a redirect is not followed', async () => {
  const [receiver, other] = [await newReceiver(), await newReceiver()]
  const sender = await openSender((await newDatabase()).storeOptions, [receiver.settings(['login'])])
  for (const status of [301, 302, 303, 307, 308]) {
    receiver.answer = answerStatus(status, { location: `http://127.0.0.1:${other.port}/elsewhere` })
    await sender.write('login')
    if (status === 301) sender.start()
    const tries = sender.outcomes.length + 1
    await until(() => sender.outcomes.length >= tries)
  }
  expect(new Set(idsOf(receiver.received)).size).toBe(5)
  // Time enough for one that is followed.
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(other.requests).toBe(0)
  expect(sender.outcomes).not.toContain('delivered')
})

it('of an answer that does not end next to nothing is taken, and its status counts', async () => {
  const receiver = await newReceiver()
  const sender = await openSender((await newDatabase()).storeOptions, [receiver.settings(['login'])])
  let written = 0
  receiver.answer = (response) => {
    response.writeHead(200)
    const timer = setInterval(() => {
      written += 1024
      response.write('x'.repeat(1024))
    }, 5)
    response.once('close', () => clearInterval(timer))
  }
  await sender.write('login')
  sender.start({ timeoutMs: 60_000 })
  await until(() => sender.outcomes.length > 0)
  await receiver.received[0]?.closed
  expect([sender.outcomes, written < 1024 * 1024]).toEqual([['delivered'], true])
})

it('410 ends all messages to the endpoint until a restart, and to no other', async () => {
  const [gone, other] = [await newReceiver(), await newReceiver()]
  const sender = await openSender((await newDatabase()).storeOptions, [
    gone.settings(['login']),
    other.settings(['login']),
  ])
  gone.answer = answerStatus(410)
  await sender.write('login')
  const first = sender.start()
  await until(() => sender.outcomes.length === 2)
  for (let i = 0; i < 5; i++) await sender.write('login')
  await until(() => other.received.length === 6)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(gone.received).toHaveLength(1)
  expect(sender.log).toEqual([
    `latchkey: a webhook answered 410 Gone: nothing is sent to it until this server is restarted webhook=webhooks[0] http://127.0.0.1:${gone.port}`,
  ])
  await first.close()
  gone.answer = answerStatus(204)
  // As if the seconds until the next try had passed.
  await sender.store.transaction((t) => t.updateTable('webhook_deliveries').set({ next_at: 0 }).execute())
  sender.start()
  await until(async () => (await sender.owed()).length === 0)
  expect([new Set(idsOf(gone.received)).size, gone.received.length]).toEqual([6, 7])
})

it('the fifteenth failed try gives a message up: it is counted, said once, and sent no more', async () => {
  const receiver = await newReceiver()
  const sender = await openSender((await newDatabase()).storeOptions, [receiver.settings(['login'])])
  receiver.answer = answerStatus(503)
  await sender.write('login')
  await sender.store.transaction((t) => t.updateTable('webhook_deliveries').set({ attempts: 14 }).execute())
  sender.start()
  await until(() => sender.outcomes.includes('given_up'))
  await new Promise((resolve) => setTimeout(resolve, 300))
  const [row] = await sender.owed()
  expect([row?.attempts, row?.next_at]).toEqual([15, null])
  expect([receiver.received.length, sender.outcomes]).toEqual([1, ['failed', 'given_up']])
  expect(sender.log.filter((line) => line.includes('given up'))).toEqual([
    `latchkey: a message of a webhook was given up webhook=webhooks[0] http://127.0.0.1:${receiver.port} id=${row?.id} tries=15 reason=status 503`,
  ])
})

describe('a node that ends', () => {
  it('waits a second at most for a message on its way, which another node sends at once', async () => {
    const receiver = await newReceiver()
    const { storeOptions } = await newDatabase()
    const webhooks = [receiver.settings(['login'])]
    const [first, second] = [await openSender(storeOptions, webhooks), await openSender(storeOptions, webhooks)]
    receiver.answer = never
    await first.write('login')
    const ending = first.start({ timeoutMs: 60_000 })
    await until(() => receiver.received.length === 1)
    const next = second.start()
    receiver.answer = answerStatus(204)
    await ending.close()
    await receiver.received[0]?.closed
    expect([first.outcomes, first.log]).toEqual([[], []])
    // Nobody waits for the end of its turn, and what was ended was no try.
    await until(async () => (await second.owed()).length === 0, 10_000)
    await next.close()
    expect(second.outcomes).toEqual(['delivered'])
    expect(new Set(idsOf(receiver.received)).size).toBe(1)
  })

  it('lets a message end that is taken meanwhile, and sends no other', async () => {
    const receiver = await newReceiver()
    const sender = await openSender((await newDatabase()).storeOptions, [receiver.settings(['login'])])
    receiver.answer = (response) => void setTimeout(() => response.writeHead(204).end(), 200)
    for (let i = 0; i < 10; i++) await sender.write('login')
    const deliverer = sender.start()
    await until(() => receiver.received.length === 4)
    await deliverer.close()
    // Time enough for one that is sent all the same.
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect([receiver.received.length, sender.outcomes.length]).toEqual([4, 4])
    expect(await sender.owed()).toHaveLength(6)
  })
})
