/** Tokens for the tests of an application: no server, no login, no database. */
import { randomBytes } from 'node:crypto'
import type { Roles } from './access/index.js'
import { type Auth, createAuth } from './auth/index.js'
import { systemClock } from './clock.js'
import { encodeBase64url } from './encoding/index.js'
import { checkOptionNames } from './options.js'
import { createRevocationList, createSigner, createVerifier, generateKey } from './token/index.js'

export interface TestAuthOptions<Scope extends string = string> {
  /** Those of the application, so that guards know its scopes; default none. */
  readonly roles?: Roles<Scope>
}

/** What a token says; everything has a default. */
export interface TestTokenOptions {
  /** Default `1`. */
  readonly uid?: string
  /** Patterns, forbidden ones with `!` before them; default none. */
  readonly scopes?: readonly string[]
  /** Default 100, an email address and a password. */
  readonly clientType?: number
  /** It expires two hours later; default now. */
  readonly issuedAt?: Date
}

export interface TestAuth<Scope extends string = string> {
  /** For the guards of the application, in the place of its own. */
  readonly auth: Auth<Scope>
  /** A signed token of a session of its own. */
  token(options?: TestTokenOptions): string
  /** Guards refuse this token, and every other of its session, from now on. */
  revoke(token: string): void
}

const optionNames = ['uid', 'scopes', 'clientType', 'issuedAt']
const issuer = 'https://latchkey.invalid'
const ttlSeconds = 7200

/**
 * Makes an `Auth` with a key of its own, and tokens that it takes: a test runs the application's real guards.
 *
 *     const { auth, token } = createTestAuth()
 *     const app = createApp(auth)
 *     fetch('/orders', { headers: { authorization: `Bearer ${token({ uid: '7', scopes: ['order:read'] })}` } })
 *
 * A token is good with this `Auth` alone, and with no server.
 *
 * @throws TypeError for an unknown or wrong option.
 */
export function createTestAuth<Scope extends string = string>(options: TestAuthOptions<Scope> = {}): TestAuth<Scope> {
  checkOptionNames('createTestAuth', options, ['roles'])
  const key = generateKey('HS256')
  const revocations = createRevocationList()
  const { verify } = createVerifier({ keys: key, issuer, audience: issuer })

  function token(wish: TestTokenOptions = {}): string {
    checkOptionNames('token', wish, optionNames)
    const { uid = '1', scopes = [], clientType = 100, issuedAt } = wish
    const clock = issuedAt === undefined ? systemClock : () => issuedAt.getTime()
    const { issue } = createSigner({ key, issuer, audience: issuer, ttlSeconds, clock })
    return issue({ uid, clientType, scopes, sid: encodeBase64url(randomBytes(16)), gen: 0 })
  }

  return Object.freeze({
    auth: createAuth<Scope>({ keys: key, issuer, revocations, ...options }),
    token,
    revoke(text: string) {
      const { sid, exp } = verify(text).claims
      revocations.apply([{ kind: 's', id: sid, min: 1, expiresAt: exp }])
    },
  })
}
