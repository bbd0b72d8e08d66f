/** The routes that every framework serves: which guard stands before which, and what stands behind it. */
import type { Auth, ErrorCode, GuardOptions, User } from 'latchkey'
import { LatchkeyError } from 'latchkey'
import { auth, brokenAuth, type Scope } from './tokens.js'

/** A running application on 127.0.0.1. */
export interface App {
  readonly port: number
  close(): Promise<void>
}

interface MakeGuard<Guard> {
  (auth: Auth<Scope>, ...scopes: Scope[]): Guard
  (auth: Auth<Scope>, options: GuardOptions<Scope>): Guard
}

/** Makes the guard of each route; behind all of them stands the same handler, which answers with `show`. */
export function guardedRoutes<Guard>(guard: MakeGuard<Guard>): readonly (readonly [path: string, guard: Guard])[] {
  return [
    ['/guarded', guard(auth)],
    ['/read', guard(auth, 'order:read')],
    ['/both', guard(auth, 'order:read', 'order:cancel')],
    ['/any', guard(auth, { anyOf: ['order:write', 'order:cancel'] })],
    ['/read-any', guard(auth, { scopes: ['order:read:any'] })],
    ['/optional', guard(auth, { optional: true })],
    ['/bearer-only', guard(auth, { basic: false })],
    ['/fresh', guard(auth, { maxAgeSeconds: 300 })],
    ['/broken', guard(brokenAuth)],
  ]
}

/**
 * Under these prefixes a middleware sets headers before the guard, each framework in its two ways (Hono has two that differ):
 * the guard's own must win over `cache-control`, all others stay.
 */
export const headerPrefixes = ['/headers', '/cors'] as const
export const earlierHeaders = [
  ['access-control-allow-origin', '*'],
  ['x-request-id', 'r1'],
  ['cache-control', 'public, max-age=60'],
] as const
export const earlierCookies = ['a=1', 'b=2'] as const

/** What a handler behind a guard answers: both ways to the user, and what the application can do to it. */
export function show(member: User | undefined, current: () => User): string {
  if (member === undefined) return JSON.stringify({ user: null, currentUser: codeThrownBy(current) })
  const user = current()
  const { uid, clientType, scopes, sid, issuedAt, expiresAt } = user
  return JSON.stringify({
    user: { uid, clientType, scopes, sid, issuedAt, expiresAt },
    sameUser: user === member,
    frozen: Object.isFrozen(user) && Object.isFrozen(scopes) && cannotBeSet(issuedAt) && cannotBeSet(expiresAt),
  })
}

function cannotBeSet(date: Date): boolean {
  try {
    date.setTime(0)
    return false
  } catch {
    return date instanceof Date
  }
}

/** Where guards put the user, in frameworks that declare no such member. */
export function memberOf(request: object): User | undefined {
  return (request as { user?: User }).user
}

function codeThrownBy(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return (error as LatchkeyError).code
  }
  return 'nothing thrown'
}

/** Before the optional guard of `/other-user` stands middleware that puts this where guards put the user. */
export const otherUser = { uid: 'set by other middleware' } as User

/** `/slow` waits between guard and handler, so that requests overlap. */
export const someTime = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 20))

/** `/throws/CODE`. */
export function throwCode(path: string): never {
  throw new LatchkeyError(path.slice(path.lastIndexOf('/') + 1) as ErrorCode)
}
