/**
 * Random histories of sessions against a model of a few lines: log in, refresh, replay, log out, change the role, restart, step
 * the clock. `npm run histories -w @latchkey/server` runs ten thousand on each store; the suite a few.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import fc from 'fast-check'
import { LatchkeyError } from 'latchkey'
import { createVerifier } from 'latchkey/token'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '../../src/config.js'
import { issueForUser } from '../../src/create-latchkey/issue-for-user.js'
import { openAccounts } from '../../src/create-latchkey/open-accounts.js'
import { openTokens } from '../../src/create-latchkey/open-tokens.js'
import { silentLog } from '../../src/log/log.js'
import { followStore } from '../../src/revocations/follow-store.js'
import { createRefresh } from '../../src/sessions/refresh.js'
import { makeRefreshToken, makeTagKey } from '../../src/sessions/refresh-token.js'
import { createTestDatabase, storeName, type TestDatabase } from './test-store.js'

const histories = Number(process.env.HISTORIES ?? 60)
const seed = Number(process.env.HISTORIES_SEED ?? Date.now() % 2 ** 31)
const folder = mkdtempSync(join(tmpdir(), 'latchkey-histories-'))
const start = 1_800_000_000
let now = start
const day = 86_400

/** Everything a process of the server has, opened anew at each restart. */
async function openProcess(database: TestDatabase) {
  const argument = { ...database.config, clock: () => now * 1000, accessTtlSeconds: 600 }
  const config = await readConfig({ argument, environment: {}, folder })
  const parts = await openAccounts(config)
  const { signingKeys, tokens } = await openTokens(parts.store, config)
  const { store, changes, revocations } = parts
  const follower = followStore({ store, revocations, log: silentLog })
  await follower.catchUp()
  const { issuer, roles } = config
  const { clock } = parts.store
  return {
    ...{ parts, config, store, changes },
    verifier: createVerifier({ keys: signingKeys.verifyKeys(), issuer, audience: issuer, clock, revocations }),
    refresh: createRefresh({ store, changes, roles, tokens }),
    async close() {
      await follower.close()
      await store.close()
    },
  }
}

let database: TestDatabase
let server: Awaited<ReturnType<typeof openProcess>>
beforeAll(async () => {
  database = await createTestDatabase(folder)
  server = await openProcess(database)
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What the rules say of one session. */
interface Model {
  readonly sid: string
  gen: number
  minGen: number
  isEnded: boolean
  readonly refreshTokens: string[]
  readonly accessTokens: { readonly text: string; readonly gen: number; readonly iat: number; readonly exp: number }[]
  answer: { readonly text: string; readonly until: number } | undefined
  idleUntil: number
  readonly absoluteUntil: number
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
const codeOf = (work: Promise<unknown>) =>
  work.then(
    (value) => value,
    (error) => {
      if (error instanceof LatchkeyError) return error.code
      throw error
    },
  )
const isOver = (session: Model) => session.isEnded || now >= session.idleUntil || now >= session.absoluteUntil

class History {
  readonly sessions: Model[] = []
  role = 'user'
  uid = ''

  async begin(): Promise<void> {
    now = start
    const user = { nickname: 'ann', role: 'user', created_at: now, disabled_at: null }
    const { uid } = await server.store.transaction((t) =>
      t.insertInto('users').values(user).returning('uid').executeTakeFirstOrThrow(),
    )
    this.uid = String(uid)
  }

  scope(): string {
    return this.role === 'admin' ? '*:* *:*:any' : 'user:read user:write'
  }

  async logIn(): Promise<void> {
    if (this.sessions.length >= 4) return
    const answer = await issueForUser(server.parts, server.config, this.uid, {})
    expect(answer.scope).toBe(this.scope())
    const { sid, gen, iat, exp } = claimsOf(answer.token)
    this.sessions.push({
      ...{ sid, gen, minGen: 0, isEnded: false, refreshTokens: [answer.refresh_token], answer: undefined },
      ...{
        accessTokens: [{ text: answer.token, gen, iat, exp }],
        idleUntil: now + 30 * day,
        absoluteUntil: now + 90 * day,
      },
    })
  }

  async refresh(at: number, back: number): Promise<void> {
    const session = this.sessions[at % Math.max(this.sessions.length, 1)]
    if (!session) return
    const which = Math.max(session.gen - back, 0)
    const found = await codeOf(server.refresh({ refresh_token: session.refreshTokens[which] as string }, {}))
    if (isOver(session)) return expect(found).toBe('refresh_invalid')
    if (which === session.gen) return this.#rotated(session, found as string)
    const isLast = which === session.gen - 1 && session.answer !== undefined && now < session.answer.until
    if (isLast) return expect(found).toBe(session.answer?.text)
    expect(found).toBe('refresh_invalid')
    session.isEnded = true
  }

  #rotated(session: Model, text: string): void {
    const { token, refresh_token, scope } = JSON.parse(text)
    const { sid, gen, iat, exp } = claimsOf(token)
    expect([sid, gen, scope]).toEqual([session.sid, session.gen + 1, this.scope()])
    expect(exp).toBe(Math.min(now + 600, session.absoluteUntil))
    session.gen = gen
    session.refreshTokens.push(refresh_token)
    session.accessTokens.push({ text: token, gen, iat, exp })
    session.answer = { text, until: now + 30 }
    session.idleUntil = Math.min(now + 30 * day, session.absoluteUntil)
  }

  async invent(at: number): Promise<void> {
    const session = this.sessions[at % Math.max(this.sessions.length, 1)]
    if (!session) return
    const { token } = makeRefreshToken({ sid: session.sid, gen: session.gen, tagKey: makeTagKey() })
    expect(await codeOf(server.refresh({ refresh_token: token }, {}))).toBe('refresh_invalid')
  }

  async logOut(at: number): Promise<void> {
    const session = this.sessions[at % Math.max(this.sessions.length, 1)]
    if (!session) return
    const uid = Number(this.uid)
    await server.changes.transaction((_, change) => change({ event: 'logout', uid, now, sids: [session.sid] }))
    session.isEnded = true
  }

  async changeRole(): Promise<void> {
    this.role = this.role === 'user' ? 'admin' : 'user'
    await server.parts.accounts.setRole(this.uid, this.role)
    for (const session of this.sessions) {
      if (!session.isEnded) session.minGen = Math.max(session.minGen, session.gen + 1)
    }
  }

  async restart(): Promise<void> {
    await server.close()
    server = await openProcess(database)
  }

  check(): void {
    for (const session of this.sessions) {
      for (const { text, gen, iat, exp } of session.accessTokens) {
        let found = 'good'
        try {
          server.verifier.verify(text)
        } catch (error) {
          found = (error as LatchkeyError).code
        }
        expect([gen, found]).toEqual([gen, expectedOf(session, gen, iat, exp)])
      }
    }
  }
}

function expectedOf(session: Model, gen: number, iat: number, exp: number): string {
  if (iat > now + 60) return 'token_invalid'
  if (now >= exp) return 'token_expired'
  return session.isEnded || gen < session.minGen ? 'token_revoked' : 'good'
}

type Step = (history: History) => Promise<void> | void
const step = (name: string, run: Step) => Object.assign(run, { toString: () => name })
const steps = fc.oneof(
  { weight: 2, arbitrary: fc.constant(step('log in', (history) => history.logIn())) },
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.nat(3), fc.constantFrom(0, 0, 0, 0, 1, 1, 2))
      .map(([at, back]) => step(`refresh ${at}, ${back} back`, (history) => history.refresh(at, back))),
  },
  { weight: 1, arbitrary: fc.nat(3).map((at) => step(`invent ${at}`, (history) => history.invent(at))) },
  { weight: 1, arbitrary: fc.nat(3).map((at) => step(`log out ${at}`, (history) => history.logOut(at))) },
  { weight: 2, arbitrary: fc.constant(step('change the role', (history) => history.changeRole())) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(1, 29, 30, 31, 600, 3600, day, 30 * day, -1, -30, -3600).map((seconds) =>
      step(`step the clock by ${seconds} s`, () => {
        now += seconds
      }),
    ),
  },
  { weight: 1, arbitrary: fc.constant(step('restart', (history) => history.restart())) },
)

it(`${histories} random histories are as the model says`, { timeout: 60_000 + histories * 1000 }, async () => {
  let count = 0
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 3, maxLength: 20 }), async (list) => {
      const history = new History()
      await history.begin()
      await history.logIn()
      for (const run of list) {
        await run(history)
        history.check()
        count++
      }
    }),
    { numRuns: histories, seed, endOnFailure: false },
  )
  console.log(`${storeName}: ${histories} histories of ${count} steps, seed ${seed}, 0 differences`)
})
