/** From HS256 to EdDSA while requests run, as docs/running.md tells: the setting, a restart of each server, two rotations. */
import { createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuth } from 'latchkey'
import { createSigner, generateKey, type Key } from 'latchkey/token'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { openSigningKeys } from '../src/signing-keys/signing-keys.js'
import { openStore } from '../src/store/open-store.js'
import { type Answer, ann, ask, type Node, postJson, runCommand, secret, startNode, temporaryFolder } from './server.js'
import { createTestDatabase, type TestDatabase } from './store/test-store.js'
import { until } from './until.js'

const issuer = 'http://localhost:4000'
const folder = temporaryFolder()
let database: TestDatabase
let offsetSeconds = 0
const clock = () => Date.now() + offsetSeconds * 1000
const shared = { issuer, clock, limits: { registrationsPerPrefix: 0 } }
let nodes: Node[]
const started: Node[] = []
const start = async (algorithm: 'HS256' | 'EdDSA') => {
  const node = await startNode(database, { ...shared, algorithm })
  started.push(node)
  return node
}
beforeAll(async () => {
  database = await createTestDatabase(folder)
  nodes = [await start('HS256'), await start('HS256')]
})
afterAll(async () => {
  for (const node of nodes) await node.close()
})

const logIn = async (url: string, account = ann.account): Promise<{ token: string; refresh_token: string }> => {
  const answer = await postJson(url, '/v1/token', { account, secret, type: 100 })
  expect(answer.status).toBe(201)
  return answer.json
}
const decode = (token: string, part: 0 | 1) =>
  JSON.parse(Buffer.from(token.split('.')[part] as string, 'base64url').toString())
const algOf = (token: string): string => decode(token, 0).alg
const write = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** As if every key had been published long ago. */
async function ageKeys(): Promise<void> {
  const store = await openStore(database.storeOptions)
  await store.transaction((t) => t.updateTable('signing_keys').set({ published_at: 1 }).execute())
  await store.close()
}

/** The private keys, as somebody has them who opened the database with the secret. */
async function storedKeys(): Promise<readonly Key[]> {
  const store = await openStore(database.storeOptions)
  onTestFinished(() => store.close())
  const { secret } = database.config
  return (await openSigningKeys({ store, secret })).list().map(({ key }) => key)
}

async function rotate(): Promise<void> {
  const { code, error } = await runCommand(folder, ['key', 'rotate'], '', database.environment)
  expect([code, error]).toEqual([0, ''])
}

const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }
const decideAt = (service: ReturnType<typeof createAuth>, token: string) =>
  service.decide({ method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }, need).status ?? 200

/** Requests that go on until they are told to end: logins, guarded requests and refreshes at every server that is up. */
function startLoad(account: string, first: { token: string; refresh_token: string }) {
  const faults: unknown[] = []
  const algorithms = new Set<string>()
  const running = new Map<Node, Set<Promise<unknown>>>()
  let isDone = false
  let requests = 0
  let refreshed = first
  /** Chosen and asked in one step, so that no server is asked that has just been told to stop. */
  function at<Result>(node: Node, work: (url: string) => Promise<Result>): Promise<Result> {
    requests++
    const asked = work(node.url)
    const ofNode = running.get(node) ?? new Set()
    running.set(node, ofNode.add(asked))
    return asked.finally(() => ofNode.delete(asked))
  }
  const anyOf = () => nodes[requests % nodes.length] as Node
  function note(what: string, { status, text }: Answer, expected: number): void {
    if (status !== expected) faults.push([what, status, text])
  }
  async function useEverywhere(what: string, token: string): Promise<void> {
    algorithms.add(algOf(token))
    const answers = await Promise.all(nodes.map((node) => at(node, (url) => ask(url, 'GET', '/v1/user', { token }))))
    for (const answer of answers) note(what, answer, 200)
  }
  const logins = async () => {
    while (!isDone) {
      const login = { account, secret, type: 100 }
      const answer = await at(anyOf(), (url) => postJson(url, '/v1/token', login))
      note('login', answer, 201)
      await useEverywhere('new token', answer.json.token)
      await useEverywhere('first token', first.token)
    }
  }
  const refreshes = async () => {
    while (!isDone) {
      const { refresh_token } = refreshed
      const answer = await at(anyOf(), (url) => postJson(url, '/v1/token/refresh', { refresh_token }))
      note('refresh', answer, 201)
      refreshed = answer.json
      await useEverywhere('refreshed token', refreshed.token)
      await useEverywhere('first token', first.token)
    }
  }
  const forging = async () => {
    while (!isDone) {
      for (const [what, token] of forgeries(await at(anyOf(), (url) => keySetOf(url)), first.token)) {
        if (isDone) return
        note(what, await at(anyOf(), (url) => ask(url, 'GET', '/v1/user', { token })), 401)
      }
    }
  }
  const loops = [logins(), refreshes(), forging()].map((loop) => loop.catch((error) => faults.push(error)))
  return {
    faults,
    algorithms,
    get requests() {
      return requests
    },
    /** As a proxy does: sends nothing more there, and waits for what runs. */
    async takeOut(node: Node): Promise<void> {
      nodes = nodes.filter((one) => one !== node)
      await Promise.all(running.get(node) ?? [])
    },
    async end() {
      isDone = true
      await Promise.all(loops)
      return refreshed
    },
  }
}

type Jwk = Readonly<Record<string, string>>
const keySetOf = async (url: string): Promise<Jwk[]> => (await ask(url, 'GET', '/.well-known/jwks.json')).json.keys

/** Tokens with the claims of a good one that nobody signed who may: of a public key as a secret among others. */
function forgeries(published: readonly Jwk[], good: string): [string, string][] {
  const claims = write(decode(good, 1))
  const own = generateKey('EdDSA').toPrivateJwk() as unknown as Jwk
  const by = (header: object, signature: (input: string) => Buffer) => {
    const input = `${write(header)}.${claims}`
    return `${input}.${signature(input).toString('base64url')}`
  }
  const mac = (secretKey: string | Buffer) => (input: string) => createHmac('sha256', secretKey).update(input).digest()
  const bySelf = (input: string) => sign(null, Buffer.from(input), createPrivateKey({ key: own, format: 'jwk' }))
  const kids = [decode(good, 0).kid, ...published.map(({ kid }) => kid)]
  const typ = 'at+jwt'
  return [
    ...kids.flatMap((kid): [string, string][] => [
      ['no signature', by({ alg: 'none', kid, typ }, () => Buffer.alloc(0))],
      ['EdDSA by a key of their own', by({ alg: 'EdDSA', kid, typ }, bySelf)],
      ['HS256 by an empty secret', by({ alg: 'HS256', kid, typ }, mac(''))],
      ['HS256 by the name of the key', by({ alg: 'HS256', kid, typ }, mac(kid as string))],
    ]),
    ...published.flatMap((jwk) => {
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      const pem = key.export({ type: 'spki', format: 'pem' })
      const secrets = [
        ...[Buffer.from(jwk.x as string, 'base64url'), jwk.x as string, JSON.stringify(jwk)],
        ...[key.export({ type: 'spki', format: 'der' }), pem, pem.toString().trim()],
      ]
      return kids.flatMap((kid) =>
        ['HS256', 'EdDSA'].flatMap((alg) =>
          secrets.map((one): [string, string] => [`${alg} by a public key`, by({ alg, kid, typ }, mac(one))]),
        ),
      )
    }),
  ]
}

it('refuses no live token, and takes no forged one; the old key is refused once its tokens ran out', {
  timeout: 180_000,
}, async () => {
  const busy = 'busy@example.org'
  for (const account of [ann.account, busy]) {
    await postJson((nodes[0] as Node).url, '/v1/client/register', { ...ann, account })
  }
  const old = await logIn((nodes[0] as Node).url)
  expect(algOf(old.token)).toBe('HS256')
  const load = startLoad(busy, old)

  // The setting, and a restart of one server after the other.
  writeFileSync(join(folder, 'latchkey.config.json'), '{ "algorithm": "EdDSA" }')
  for (const node of [...nodes]) {
    await load.takeOut(node)
    await node.close()
    nodes = [...nodes, await start('EdDSA')]
  }
  expect(load.faults).toEqual([])
  expect([...load.algorithms]).toEqual(['HS256'])

  // A service that follows the key set: there is none to follow yet, and it takes nothing.
  const service = createAuth({ server: (nodes[0] as Node).url, issuer, clock })
  onTestFinished(() => service.close())
  await until(() => service.status().problem !== undefined)
  expect(service.status().problem).toContain('signs with a shared secret')
  expect(decideAt(service, old.token)).toBe(503)

  // The key that waits is of HS256 still. After it the first one of EdDSA is published, and does not sign.
  await ageKeys()
  await rotate()
  await service.ready()
  const published = await keySetOf((nodes[0] as Node).url)
  expect(published.map(({ alg }) => alg)).toEqual(['EdDSA'])
  expect([...load.algorithms]).toEqual(['HS256'])
  // What is signed with a shared secret is no service's to check.
  expect(decideAt(service, old.token)).toBe(401)

  await ageKeys()
  await rotate()
  const fresh: string[] = []
  for (let i = 0; i < 20; i++) {
    for (const { url } of nodes) fresh.push((await logIn(url, busy)).token)
  }
  expect(new Set(fresh.map(algOf))).toEqual(new Set(['EdDSA']))
  expect(new Set(fresh.map((token) => decideAt(service, token)))).toEqual(new Set([200]))
  const sets = await keySetOf((nodes[0] as Node).url)
  for (const [what, token] of forgeries(sets, fresh.at(-1) as string)) {
    expect([what, decideAt(service, token)]).toEqual([what, 401])
    for (const { url } of nodes) expect((await ask(url, 'GET', '/v1/user', { token })).status).toBe(401)
  }
  // A server that starts with keys of both kinds, and the command that explains tokens.
  nodes = [...nodes, await start('EdDSA')]
  for (const token of [old.token, fresh.at(-1) as string]) {
    const words = ['token', 'explain', '-', '--json']
    const explained = await runCommand(folder, words, token, database.environment)
    expect([explained.code, JSON.parse(explained.out).accepted]).toEqual([0, true])
    const answer = await postJson((nodes[2] as Node).url, '/v1/token/secret', { token })
    expect(answer.status).toBe(200)
  }
  const last = await load.end()
  expect(load.faults).toEqual([])
  expect([...load.algorithms].sort()).toEqual(['EdDSA', 'HS256'])
  // The session of before goes on with the new key.
  expect(algOf(last.token)).toBe('EdDSA')

  // Who has the old key can sign as the server did, for as long as its tokens may live.
  const { sub, sid, gen, client_type } = decode(last.token, 1)
  const sharedKeys = (await storedKeys()).filter(({ alg }) => alg === 'HS256')
  expect(sharedKeys).toHaveLength(2)
  const signWithOld = (key: Key) =>
    createSigner({ key, issuer, audience: issuer, ttlSeconds: 7200, clock }).issue({
      ...{ uid: sub, clientType: client_type, scopes: ['user:read'], sid, gen },
    })
  const codes = async (token: string) =>
    Promise.all(nodes.map(async ({ url }) => (await ask(url, 'GET', '/v1/user', { token })).json.code ?? 'good'))
  for (const key of sharedKeys) expect(await codes(signWithOld(key))).toEqual(['good', 'good', 'good'])
  expect(await codes(old.token)).toEqual(['good', 'good', 'good'])

  offsetSeconds = 7200 + 1
  expect(await codes(old.token)).toEqual(['token_expired', 'token_expired', 'token_expired'])
  // The longest life of a token, and what clocks may be wrong by.
  offsetSeconds = 7200 + 3900 + 300
  for (const key of sharedKeys) {
    const token = signWithOld(key)
    await until(async () => (await codes(token)).every((code) => code === 'token_invalid'), 5_000)
  }
  const { refresh_token } = last
  const renewed = await postJson((nodes[1] as Node).url, '/v1/token/refresh', { refresh_token })
  expect([renewed.status, await codes(renewed.json.token)]).toEqual([201, ['good', 'good', 'good']])
  expect(started.flatMap(({ log }) => log)).toEqual([])
})
