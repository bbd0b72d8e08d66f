/** latchkey/client in Chromium: many tabs of one origin, with the same storage and without any. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ann, ask, type Node, postJson, secret, startNode, temporaryFolder } from '../server.js'
import { createTestDatabase, type TestDatabase } from '../store/test-store.js'
import { findChromium, startChromium } from './chromium.js'
import { type Front, hold, startFront } from './front.js'
import { setRole } from './set-role.js'

const executable = findChromium()
if (!executable) console.log('No Chromium here: the tests of latchkey/client in a browser are skipped')

const refreshPath = '/v1/token/refresh'
const folder = temporaryFolder()
let shiftMs = 0
const config = { clock: () => Date.now() + shiftMs, issuer: 'http://id.example' }
let database: TestDatabase
let node: Node
let front: Front
let browser: Browser
let context: BrowserContext
let uid: string
beforeAll(async () => {
  if (!executable) return
  database = await createTestDatabase(folder)
  node = await startNode(database, config)
  front = await startFront(() => node.url)
  browser = await startChromium(executable)
  uid = (await postJson(node.url, '/v1/client/register', ann)).json.uid
})
afterAll(async () => {
  await browser?.close()
  await front?.close()
  await node?.close()
})
beforeEach(async () => {
  if (!executable) return
  shiftMs = 0
  front.reset()
  context = await browser.newContext()
})
afterEach(() => context?.close())

type Kind = 'local' | 'memory' | 'session'

/** A new tab with a client; `before` runs in it before all else. */
async function openTab(kind: Kind, before = '', options: object = {}): Promise<Page> {
  const page = await context.newPage()
  if (before) await page.addInitScript(before)
  await page.goto(`${front.url}/page`)
  await page.evaluate(
    `(async () => {
      const { createClient } = await import('/client.js')
      const key = 'latchkey'
      const kept = { local: localStorage, session: sessionStorage }[${JSON.stringify(kind)}]
      const storage = kept && {
        get: () => kept.getItem(key),
        set: (text) => kept.setItem(key, text),
        delete: () => kept.removeItem(key),
      }
      window.client = createClient({ server: location.origin, storage, ...${JSON.stringify(options)} })
      window.events = []
      for (const name of ['login', 'refresh', 'logout']) {
        client.on(name, ({ reason }) => events.push(reason ? name + ' ' + reason : name))
      }
    })()`,
  )
  return page
}

const run = <T>(page: Page, code: string): Promise<T> => page.evaluate(`(async () => { ${code} })()`) as Promise<T>
const form = JSON.stringify({ account: ann.account, secret, type: 100 })
const logIn = (page: Page) => run(page, `await client.login(${form})`)
const eventsOf = (page: Page) => run<string[]>(page, 'return events')
/** What `count` calls at once came to: statuses, and codes of errors. */
const call = (page: Page, count = 1) =>
  run<(number | string)[]>(
    page,
    `const call = () => client.fetch('/v1/user').then((answer) => answer.status, (error) => error.code ?? String(error))
     return [...new Set(await Promise.all(Array.from({ length: ${count} }, call)))]`,
  )
const sessionOf = (page: Page) => run<{ uid: string; scope: string } | undefined>(page, 'return client.session()')
const expire = () => {
  shiftMs += 3 * 3_600_000
}
/** The token that a page sent last. */
const lastToken = () => front.seen.findLast(({ headers }) => headers.authorization)?.headers.authorization?.slice(7)

/** Three tabs in one session; without shared storage the second was there before the login, the third came after. */
async function openThree(kind: Kind, before = ''): Promise<Page[]> {
  const first = await openTab(kind, before)
  const second = await openTab(kind, before)
  await logIn(first)
  const third = await openTab(kind, before)
  const tabs = [first, second, third]
  for (const tab of tabs) await expect.poll(() => sessionOf(tab)).toMatchObject({ uid })
  for (const tab of tabs) expect(await call(tab)).toEqual([200])
  front.reset()
  return tabs
}

describe.runIf(executable).each(['local', 'memory'] as const)('tabs with %s storage', (kind) => {
  it('make one refresh of an expired token for all their calls, and all go on with the new pair', async () => {
    const tabs = await openThree(kind)
    for (let round = 1; round <= 3; round++) {
      expire()
      front.reset()
      expect(await Promise.all(tabs.map((tab) => call(tab, 10)))).toEqual([[200], [200], [200]])
      expect([front.count(refreshPath), front.count('/v1/user', 200)]).toEqual([1, 30])
    }
    for (const tab of tabs) {
      const names = await eventsOf(tab)
      expect(names.filter((name) => name === 'refresh')).toHaveLength(3)
      expect(names.filter((name) => name === 'login').length).toBeLessThanOrEqual(1)
    }
  })

  it('go on with the pair that one of them got long ago', async () => {
    const [first, second, third] = (await openThree(kind)) as [Page, Page, Page]
    for (let round = 1; round <= 2; round++) {
      expire()
      expect(await call(first)).toEqual([200])
      shiftMs += 60_000
    }
    front.reset()
    expect([await call(second), await call(third)]).toEqual([[200], [200]])
    expect([front.count(refreshPath), front.count('/v1/user')]).toEqual([0, 2])
  })

  it('refresh once ahead of the expiry when nothing but the time that passed tells it', async () => {
    const tabs = await openThree(kind)
    await node.close()
    node = await startNode(database, { ...config, accessTtlSeconds: 8 })
    // A pair that lives for eight seconds, in all of them: short enough to wait for, longer than any call takes.
    expire()
    expect(await Promise.all(tabs.map((tab) => call(tab)))).toEqual([[200], [200], [200]])
    front.reset()
    await new Promise((resolve) => setTimeout(resolve, 8100))
    expect(await Promise.all(tabs.map((tab) => call(tab, 5)))).toEqual([[200], [200], [200]])
    expect([front.count(refreshPath), front.count('/v1/user', 401)]).toEqual([1, 0])
    await node.close()
    node = await startNode(database, config)
  })

  it('go on after a promotion, with one refresh and the new scopes', async () => {
    const tabs = await openThree(kind)
    await call(tabs[0] as Page)
    const token = lastToken() as string
    await setRole({ ...database.config, ...config }, folder, uid, 'admin')
    await expect.poll(async () => (await ask(node.url, 'GET', '/v1/user', { token })).status).toBe(401)
    front.reset()
    expect(await Promise.all(tabs.map((tab) => call(tab, 5)))).toEqual([[200], [200], [200]])
    expect(front.count(refreshPath)).toBe(1)
    for (const tab of tabs) expect(await sessionOf(tab)).toMatchObject({ scope: '*:* *:*:any' })
    await setRole({ ...database.config, ...config }, folder, uid, 'user')
  })

  it('are logged out once each when somebody used a stolen token, after one refresh', async () => {
    const tabs = await openThree(kind)
    expire()
    await call(tabs[0] as Page)
    const used = JSON.parse(front.seen.find(({ path }) => path === refreshPath)?.body as string)
    shiftMs += 60_000
    expect((await postJson(node.url, refreshPath, used)).json.code).toBe('refresh_invalid')
    expire()
    front.reset()
    const outcomes = (await Promise.all(tabs.map((tab) => call(tab, 5)))).flat()
    expect(outcomes.filter((outcome) => outcome !== 401 && outcome !== 'refresh_invalid')).toEqual([])
    expect(outcomes).toContain('refresh_invalid')
    expect(front.count(refreshPath)).toBe(1)
    for (const tab of tabs) {
      await expect.poll(() => eventsOf(tab).then((names) => names.at(-1))).toMatch(/^logout (refresh_invalid|gone)$/)
      expect((await eventsOf(tab)).filter((name) => name.startsWith('logout'))).toHaveLength(1)
      expect(await sessionOf(tab)).toBeUndefined()
    }
  })

  it('are logged out, and in again, together', async () => {
    const [first, second, third] = (await openThree(kind)) as [Page, Page, Page]
    const text = await run<string>(
      first,
      `const channel = new BroadcastChannel('latchkey ' + location.origin)
       const told = new Promise((resolve) => {
         channel.onmessage = ({ data }) => data.session && resolve(data.session)
       })
       channel.postMessage({ ask: true })
       return told`,
    )
    await run(second, 'await client.logout()')
    for (const tab of [first, third]) await expect.poll(() => sessionOf(tab)).toBeUndefined()
    for (const tab of [first, second, third]) {
      await expect.poll(() => eventsOf(tab).then((names) => names.at(-1))).toBe('logout logout')
    }
    // What somebody tells late of a session that ended.
    const late = `new BroadcastChannel('latchkey ' + location.origin).postMessage({ session: ${JSON.stringify(text)} })`
    await run(await openTab(kind, '', { tabs: false }), late)
    await new Promise((resolve) => setTimeout(resolve, 100))
    for (const tab of [first, second, third]) expect(await sessionOf(tab)).toBeUndefined()
    await logIn(third)
    for (const tab of [first, second]) await expect.poll(() => call(tab)).toEqual([200])
    for (const tab of [first, second, third]) expect((await eventsOf(tab)).at(-1)).toBe('login')
  })

  it.each(['logout', 'refresh_invalid', 'gone'])('say why one of them lost the session: %s', async (reason) => {
    const tabs = await openThree(kind)
    const { id } = JSON.parse(
      await run<string>(
        tabs[0] as Page,
        `const channel = new BroadcastChannel('latchkey ' + location.origin)
         const told = new Promise((resolve) => (channel.onmessage = ({ data }) => data.session && resolve(data.session)))
         channel.postMessage({ ask: true })
         return told`,
      ),
    )
    const text = JSON.stringify({ ended: id, reason })
    const tell = `new BroadcastChannel('latchkey ' + location.origin).postMessage(${text})`
    await run(await openTab(kind, '', { tabs: false }), tell)
    for (const tab of tabs) await expect.poll(async () => (await eventsOf(tab)).at(-1)).toBe(`logout ${reason}`)
  })

  it('go on when the server restarts, also in the middle of a refresh', async () => {
    const tabs = await openThree(kind)
    await node.close()
    const restarted = new Promise<void>((resolve, reject) => {
      setTimeout(() => {
        startNode(database, config).then((fresh) => {
          node = fresh
          resolve()
        }, reject)
      }, 700)
    })
    expire()
    // What was sent while it was away failed as fetch fails; the session did not.
    await restarted
    expect(await Promise.all(tabs.map((tab) => call(tab, 3)))).toEqual([[200], [200], [200]])
    expire()
    front.reset()
    front.fault = ({ path }, number) => {
      if (path !== refreshPath || number > 0) return undefined
      void node.close().then(async () => {
        node = await startNode(database, config)
      })
      return 'lose'
    }
    const outcomes = await Promise.all(tabs.map((tab) => call(tab)))
    expect(outcomes.flat()).not.toContain('refresh_invalid')
    for (const tab of tabs) await expect.poll(() => call(tab), { timeout: 15_000 }).toEqual([200])
    expect((await Promise.all(tabs.map(eventsOf))).flat().filter((name) => name.startsWith('logout'))).toEqual([])
  })

  it('without Web Locks and BroadcastChannel lose nobody', async () => {
    const without = 'delete window.BroadcastChannel; delete Navigator.prototype.locks'
    if (kind === 'memory') {
      const alone = await openTab(kind, without)
      await logIn(alone)
      expire()
      expect(await call(alone, 10)).toEqual([200])
      expect(front.count(refreshPath)).toBe(1)
      return
    }
    const tabs = await openThree(kind, without)
    for (let round = 1; round <= 3; round++) {
      expire()
      expect(await Promise.all(tabs.map((tab) => call(tab, 5)))).toEqual([[200], [200], [200]])
    }
    expect((await Promise.all(tabs.map(eventsOf))).flat().filter((name) => name.startsWith('logout'))).toEqual([])
  })
})

describe.runIf(executable)('a tab', () => {
  it.each([3_600_000, -3_600_000])('on a device whose clock is wrong by %d ms refreshes when it must', async (ms) => {
    const wrong = `const now = Date.now; window.shiftMs = ${ms}; Date.now = () => now() + window.shiftMs`
    const tab = await openTab('local', wrong)
    await logIn(tab)
    expect(await call(tab, 3)).toEqual([200])
    expect(front.count(refreshPath)).toBe(0)
    expire()
    expect(await call(tab, 3)).toEqual([200])
    expect(front.count(refreshPath)).toBe(1)
    // It is set while the page is open.
    await run(tab, 'shiftMs = 0')
    expect(await call(tab, 3)).toEqual([200])
    await run(tab, 'shiftMs = -7_200_000_000')
    expire()
    expect(await call(tab, 3)).toEqual([200])
    expect(await eventsOf(tab)).not.toContain('logout refresh_invalid')
  })

  it('asks again for an answer that was lost, and not after the server stopped repeating it', async () => {
    const tab = await openTab(
      'memory',
      'const now = Date.now; window.shiftMs = 0; Date.now = () => now() + window.shiftMs',
    )
    await logIn(tab)
    expire()
    front.fault = ({ path }, number) => (path === refreshPath && number < 2 ? 'lose' : undefined)
    expect(await call(tab, 3)).toEqual([200])
    expect(front.count(refreshPath)).toBe(3)
    expire()
    front.reset()
    front.fault = ({ path }) => {
      if (path === refreshPath) void run(tab, 'shiftMs += 30_000')
      return path === refreshPath ? 'lose' : undefined
    }
    expect(await run(tab, `return client.fetch('/v1/user').then(() => 'well', (error) => error.kind)`)).toBe(
      'unreachable',
    )
    expect(front.count(refreshPath)).toBe(1)
    // Within the window of the server another call still gets the answer.
    front.reset()
    expect(await call(tab)).toEqual([200])
  })

  it('that hears nonsense from its origin takes none of it', async () => {
    const tab = await openTab('memory')
    const other = await openTab('memory', '', { tabs: false })
    await logIn(tab)
    const nonsense = `const channel = new BroadcastChannel('latchkey ' + location.origin)
      const texts = [null, 1, '', [], {}, { session: 1 }, { session: '{}' }, { session: 'null' }, { ended: 'x' }, { ended: {} },
        { ask: {} }, { fence: 1 }, { session: JSON.stringify({ server: location.origin, id: 'x', turn: 9, cameAt: 1, token: 'a',
        ttlSeconds: 1, scope: '', uid: '1' }) }]
      for (const text of texts) channel.postMessage(text)
      await new Promise((resolve) => setTimeout(resolve, 100))`
    await run(other, nonsense)
    expect([await call(tab), await eventsOf(tab)]).toEqual([[200], ['login']])
    expect(await sessionOf(other)).toBeUndefined()
  })

  it('with a session of its own, or with tabs: false, keeps it when others log in or out', async () => {
    const first = await openTab('memory', '', { tabs: false })
    const second = await openTab('memory')
    const third = await openTab('memory', '', { tabs: false })
    for (const tab of [first, second, third]) await logIn(tab)
    expire()
    expect(await Promise.all([first, second, third].map((tab) => call(tab)))).toEqual([[200], [200], [200]])
    expect(front.count(refreshPath)).toBe(3)
    await run(second, 'await client.logout()')
    expect([await call(first), await call(second), await call(third)]).toEqual([[200], [401], [200]])
    expect(await eventsOf(first)).toEqual(['login', 'refresh'])
  })

  it('that is told late waits for what others told before it refreshes', async () => {
    const slow = `window.BroadcastChannel = class extends BroadcastChannel {
        set onmessage(hear) {
          super.onmessage = (event) => setTimeout(() => hear(event), 150)
        }
      }`
    const tabs = await openThree('memory', slow)
    for (let round = 1; round <= 2; round++) {
      expire()
      front.reset()
      expect(await Promise.all(tabs.map((tab) => call(tab, 3)))).toEqual([[200], [200], [200]])
      expect(front.count(refreshPath)).toBe(1)
    }
  })

  it('whose client is closed in the middle of a refresh goes on', async () => {
    const tab = await openTab('memory')
    await logIn(tab)
    expire()
    const { held, release } = hold()
    front.fault = ({ path }) => (path === refreshPath ? held : undefined)
    const answers = call(tab, 2)
    await expect.poll(() => front.count(refreshPath)).toBe(1)
    await run(tab, 'client.close()')
    release()
    expect([await answers, await eventsOf(tab)]).toEqual([[200], ['login', 'refresh']])
  })

  it('that was duplicated with its sessionStorage shares the pair from then on', async () => {
    const [first, second] = [await openTab('session'), await openTab('session')]
    await logIn(first)
    await expect.poll(() => call(second)).toEqual([200])
    for (const tab of [first, second, first]) {
      expire()
      expect(await call(tab)).toEqual([200])
      shiftMs += 60_000
    }
    expect(front.count(refreshPath)).toBe(3)
    expect([await call(first), await call(second)]).toEqual([[200], [200]])
  })

  it('sends the token to an API of another origin, and past a redirect to no other', async () => {
    const api = await startFront(() => node.url)
    const away = await startFront(() => node.url)
    const tab = await openTab('memory', '', { apis: [api.url] })
    await logIn(tab)
    const statusOf = (url: string) =>
      run(tab, `return client.fetch('${url}').then((answer) => answer.status, (error) => error.name)`)
    expect(await statusOf(`${api.url}/v1/user`)).toBe(200)
    expect(await statusOf(`${away.url}/v1/user`)).toBe('TypeError')
    api.fault = () => (response) => response.writeHead(307, { location: `${away.url}/v1/user` }).end()
    await statusOf(`${api.url}/v1/user`)
    expect(away.seen.filter(({ headers }) => headers.authorization)).toEqual([])
    await api.close()
    await away.close()
  })
})
