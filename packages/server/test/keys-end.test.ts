/** When a key is over: once the longest token that any node may have signed with it has expired, and not before. */
import { createAuth } from 'latchkey'
import { createSigner } from 'latchkey/token'
import { expect, it, onTestFinished } from 'vitest'
import { openSigningKeys } from '../src/signing-keys/signing-keys.js'
import { openStore } from '../src/store/open-store.js'
import { kidOf } from './ends/people.js'
import { codeOf } from './ends/places.js'
import { ann, ask, postJson, runCommand, secret, startNode, temporaryFolder } from './server.js'
import { createTestDatabase, type TestDatabase } from './store/test-store.js'
import { until } from './until.js'

const issuer = 'http://localhost:4000'
const folders = { long: temporaryFolder(), short: temporaryFolder() }
const ttlSeconds = { long: 86_400, short: 60 }
/** The greatest leeway, and an hour for clocks that step. */
const marginSeconds = 300 + 3600
const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
const logIn = async (url: string): Promise<string> =>
  (await postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })).json.token
const kidsAt = async (url: string) =>
  (await ask(url, 'GET', '/.well-known/jwks.json')).json.keys.map(({ kid }: { kid: string }) => kid)

/** The keys as whoever opened the database with the secret has them, as if each had been published long ago. */
async function openKeys(database: TestDatabase) {
  const store = await openStore(database.storeOptions)
  onTestFinished(() => store.close())
  await store.transaction((t) => t.updateTable('signing_keys').set({ published_at: 1 }).execute())
  const keys = await openSigningKeys({ store, secret: database.config.secret })
  return {
    async find(kid: string) {
      await keys.reload()
      return keys.list().find(({ row }) => row.kid === kid)
    },
  }
}

it.each(['long', 'short'] as const)(
  'tokens of one node live for a day, of another for a minute; the %s-lived one starts first',
  {
    timeout: 60_000,
  },
  async (starts) => {
    let nowMs = Date.now()
    const clock = () => nowMs
    const database = await createTestDatabase(folders[starts])
    async function start(life: 'long' | 'short') {
      const node = await startNode(database, { issuer, clock, accessTtlSeconds: ttlSeconds[life] })
      onTestFinished(node.close)
      return node
    }
    const earlier = await start(starts)
    const later = await start(starts === 'long' ? 'short' : 'long')
    const [long, short] = starts === 'long' ? [earlier, later] : [later, earlier]
    async function follow(url: string) {
      const service = createAuth({ server: url, issuer, clock })
      onTestFinished(() => service.close())
      await service.ready()
      return (token: string) => {
        const request = { method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }
        const answer = service.decide(request, need)
        return answer.status === undefined ? 'good' : JSON.parse(answer.body).code
      }
    }
    const services = [await follow(long.url), await follow(short.url)]
    const codes = async (token: string) => [
      codeOf(await ask(long.url, 'GET', '/v1/user', { token })),
      codeOf(await ask(short.url, 'GET', '/v1/user', { token })),
      ...services.map((decide) => decide(token)),
    ]
    const all = (code: string) => [code, code, code, code]

    await postJson(long.url, '/v1/client/register', ann)
    const tokens = { long: await logIn(long.url), short: await logIn(short.url) }
    const kid = kidOf(tokens.long)
    const keys = await openKeys(database)
    expect(await runCommand(folders[starts], ['key', 'rotate'], '', database.environment)).toMatchObject({ code: 0 })
    const old = await keys.find(kid)
    const endOfSigning = old?.row.sign_until as number
    nowMs = (endOfSigning + 1) * 1000
    for (const { url } of [long, short]) await until(async () => kidOf(await logIn(url)) !== kid)

    for (const life of ['short', 'long'] as const) {
      const { iat, exp } = claimsOf(tokens[life])
      expect([kidOf(tokens[life]), exp - iat]).toEqual([kid, ttlSeconds[life]])
      nowMs = exp * 1000 - 1000
      expect(await codes(tokens[life])).toEqual(all('good'))
      nowMs = exp * 1000 - 1
      expect(await codes(tokens[life])).toEqual(all('good'))
      nowMs = exp * 1000
      expect(await codes(tokens[life])).toEqual(all('token_expired'))
    }

    // Who has the key can sign as the servers did, for as long as a token of theirs may live.
    const { sub: uid, sid, gen, client_type: clientType } = claimsOf(await logIn(long.url))
    const signWithOld = () =>
      createSigner({ key: old?.key as never, issuer, audience: issuer, ttlSeconds: 7200, clock }).issue({
        ...{ uid, clientType, scopes: ['user:read'], sid, gen },
      })
    const over = endOfSigning + ttlSeconds.long + marginSeconds
    nowMs = over * 1000 - 1
    for (const { url } of [long, short]) expect(await kidsAt(url)).toContain(kid)
    await expect.poll(() => codes(signWithOld()), { timeout: 5_000 }).toEqual(all('good'))
    nowMs = over * 1000
    for (const { url } of [long, short]) expect(await kidsAt(url)).not.toContain(kid)
    // Services that read the keys from now on; others do so within five minutes.
    services.splice(0, 2, await follow(long.url), await follow(short.url))
    await expect.poll(() => codes(signWithOld()), { timeout: 5_000 }).toEqual(all('token_invalid'))
    expect(await codes(await logIn(short.url))).toEqual(all('good'))
    expect([long.log, short.log]).toEqual([[], []])
  },
)
