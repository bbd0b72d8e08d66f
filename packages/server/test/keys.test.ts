/** Rotating and retiring signing keys while several servers and a service run. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuth } from 'latchkey'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openStore } from '../src/store/open-store.js'
import {
  ann,
  ask,
  type CommandResult,
  type Node,
  postJson,
  runCommand,
  secret,
  startNode,
  temporaryFolder,
  useServer,
} from './server.js'
import { createTestDatabase } from './store/test-store.js'

const issuer = 'https://id.example'
const busy = ['one', 'two', 'three'].map((name) => `${name}@example.org`)
const first = useServer({ issuer })
let second: Node
let service: ReturnType<typeof createAuth>
beforeAll(async () => {
  await first.post('/v1/client/register', ann)
  for (const account of busy) await first.post('/v1/client/register', { ...ann, account })
  second = await startNode(first.database, { issuer })
  service = createAuth({ server: second.url, issuer })
  await service.ready()
})
afterAll(async () => {
  await service.close()
  await second.close()
})

const command = (...words: string[]): Promise<CommandResult> =>
  runCommand(first.folder, words, '', first.database.environment)
const keys = async () =>
  (await command('key', 'list', '--json')).out
    .split('\n')
    .map((line) => JSON.parse(line) as { kid: string; state: string })
const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()).kid
async function logIn(url: string, account = ann.account): Promise<string> {
  const { status, text, json } = await postJson(url, '/v1/token', { account, secret, type: 100 })
  expect(status, text).toBe(201)
  return json.token
}
const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }
/** Of both nodes and of the service, with what they say of a refusal. */
async function answersTo(token: string): Promise<{ readonly status: number; readonly text: string }[]> {
  const answers: { readonly status: number; readonly text: string }[] = []
  for (const { url } of [first, second]) answers.push(await ask(url, 'GET', '/v1/user', { token }))
  const made = service.decide({ method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }, need)
  return [...answers, made.status === undefined ? { status: 200, text: '' } : { status: made.status, text: made.body }]
}
const everywhere = async (token: string) => (await answersTo(token)).map(({ status }) => status)
async function until(what: () => Promise<boolean>): Promise<number> {
  const began = performance.now()
  while (!(await what())) {
    if (performance.now() - began > 5000) throw new Error('It is not so after 5 s')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return performance.now() - began
}

/** As if the next key had been published long ago. */
async function ageKeys(): Promise<void> {
  const store = await openStore(first.database.storeOptions)
  await store.transaction((t) => t.updateTable('signing_keys').set({ published_at: 1 }).execute())
  await store.close()
}

describe('rotating', () => {
  it('is refused while services may not have read the next key, and says how long to wait', async () => {
    const before = await keys()
    const { code, error } = await command('key', 'rotate')
    expect([code, error]).toEqual([1, expect.stringMatching(/Wait \d+ seconds, or rotate with --now/)])
    expect(await keys()).toEqual(before)
  })

  it('lets every node sign with the next key once it is acknowledged, and fails no request meanwhile', async () => {
    await ageKeys()
    const before = await logIn(first.url)
    const waiting = (await keys()).find(({ state }) => state === 'next')?.kid
    const refusals: string[] = []
    let isDone = false
    // Each as somebody else: a hundred logins end one of the oldest, and those of one second are equally old.
    const [many, ...others] = busy
    const load = [first.url, second.url].map(async (url, i) => {
      while (!isDone) {
        const token = await logIn(url, others[i])
        const answers = [...(await answersTo(token)), ...(await answersTo(before))]
        refusals.push(...answers.flatMap(({ status, text }, i) => (status === 200 ? [] : [`${i}: ${status} ${text}`])))
      }
    })
    const { code, out } = await command('key', 'rotate', '--json')
    expect([code, JSON.parse(out).kid]).toEqual([0, waiting])
    const tokens: string[] = []
    for (let i = 0; i < 50; i++) tokens.push(await logIn(first.url, many), await logIn(second.url, many))
    isDone = true
    await Promise.all(load)
    expect(new Set(tokens.map(kidOf))).toEqual(new Set([waiting]))
    expect(refusals).toEqual([])
    expect((await keys()).map(({ state }) => state).sort()).toEqual(['next', 'signs', 'verifies'])
  }, 60_000)

  it('keeps the tokens of the key before good, on every node, in services, and after a restart', async () => {
    await ageKeys()
    const token = await logIn(first.url)
    await command('key', 'rotate')
    expect(await everywhere(token)).toEqual([200, 200, 200])
    const restarted = await startNode(first.database, { issuer })
    expect((await ask(restarted.url, 'GET', '/v1/user', { token })).status).toBe(200)
    await restarted.close()
  })

  it('at once, by two at the same moment, leaves one key that signs and one that waits', async () => {
    const results = await Promise.all([command('key', 'rotate', '--now'), command('key', 'rotate', '--now')])
    expect(results.map(({ code }) => code)).toEqual([0, 0])
    const states = (await keys()).map(({ state }) => state)
    expect([
      states.filter((state) => state === 'signs').length,
      states.filter((state) => state === 'next').length,
    ]).toEqual([1, 1])
    const token = await logIn(second.url)
    await until(async () => (await everywhere(token)).every((status) => status === 200))
  })
})

describe('keyLeadSeconds', () => {
  it('is how long a key waits, and twice as long as the key set may be kept', async () => {
    const folder = temporaryFolder()
    const database = await createTestDatabase(folder)
    const node = await startNode(database, { issuer, keyLeadSeconds: 30 })
    const store = await openStore(database.storeOptions)
    onTestFinished(async () => {
      await node.close()
      await store.close()
    })
    const { headers } = await ask(node.url, 'GET', '/.well-known/jwks.json')
    expect(headers.get('cache-control')).toBe('public, max-age=15')

    const published_at = store.now() - 31
    await store.transaction((t) => t.updateTable('signing_keys').set({ published_at }).execute())
    const rotate = () => runCommand(folder, ['key', 'rotate'], '', database.environment)
    expect(await rotate()).toMatchObject({ code: 1, error: expect.stringMatching(/Wait 5\d\d seconds/) })
    writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ keyLeadSeconds: 30 }))
    expect(await rotate()).toMatchObject({ code: 0, error: '' })
    expect(await rotate()).toMatchObject({ code: 1, error: expect.stringMatching(/Wait (?:30|2\d) seconds/) })
  })
})

describe('retiring', () => {
  it('the key that signs rotates; its tokens stay good', async () => {
    await ageKeys()
    const token = await logIn(first.url)
    expect((await command('key', 'retire', kidOf(token))).code).toBe(0)
    await until(async () => kidOf(await logIn(first.url)) !== kidOf(token))
    expect(await everywhere(token)).toEqual([200, 200, 200])
  })

  it('with --now refuses its tokens everywhere within a second, and nobody else', async () => {
    await ageKeys()
    const token = await logIn(first.url)
    expect((await command('key', 'retire', '--now', kidOf(token))).code).toBe(0)
    const delay = await until(async () => (await everywhere(token)).every((status) => status === 401))
    expect(delay).toBeLessThan(1000)
    const after = await logIn(first.url)
    expect(kidOf(after)).not.toBe(kidOf(token))
    await until(async () => (await everywhere(after)).every((status) => status === 200))
    const { keys: published } = (await ask(second.url, 'GET', '/.well-known/jwks.json')).json
    expect(published.map(({ kid }: { kid: string }) => kid)).not.toContain(kidOf(token))
  })

  it('an unknown key is refused', async () => {
    const { code, error } = await command('key', 'retire', 'nobody')
    expect([code, error]).toEqual([1, 'latchkey: There is no such key'])
  })
})

it('key list prints each key with its state for people', async () => {
  const { out } = await command('key', 'list')
  expect(
    out.split('\n').every((line) => /^[\w-]{43}\tEdDSA\t(?:signs|next|verifies|retired)\tpublished \d{4}-/.test(line)),
  ).toBe(true)
})

it('nothing of all this was the fault of a server', () => {
  expect([first.log, second.log]).toEqual([[], []])
})
