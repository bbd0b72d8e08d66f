/** Tokens of every kind the guards meet, at a clock that stands still. */
import { createAuth, defineRoles } from 'latchkey'
import { createSigner, generateKey, type TokenSubject } from 'latchkey/token'

export const issuer = 'https://id.example'
export const nowSeconds = 1_800_000_000
const clock = () => nowSeconds * 1000
const key = generateKey('EdDSA')

const roles = defineRoles({
  scopes: ['order:read', 'order:write', 'order:cancel', 'order:read:any'],
  roles: { customer: { allow: ['order:*'] } },
})

export type Scope = (typeof roles.scopes)[number]

export const auth = createAuth({ keys: key, issuer, roles, clock })

/** Makes a new user for each request. */
export const uncachedAuth = createAuth({ keys: key, issuer, roles, clock, cacheEntries: 0 })

/** Fails inside, as no guard should. */
export const brokenAuth = createAuth({
  keys: key,
  issuer,
  roles,
  clock: () => {
    throw new Error('the clock has stopped')
  },
})

export const subject: TokenSubject = { uid: '7', clientType: 100, scopes: ['order:*'], sid: 'A'.repeat(22), gen: 0 }

const options = { key, issuer, audience: issuer, ttlSeconds: 7200, clock }

/** A token that is right in all but what is named. */
export function tokenOf(changes: Partial<TokenSubject> = {}, signing: Partial<typeof options> = {}): string {
  return createSigner({ ...options, ...signing }).issue({ ...subject, ...changes })
}

export const good = tokenOf()
const [header, payload, signature] = good.split('.') as [string, string, string]

export const bad = {
  expired: tokenOf({}, { clock: () => (nowSeconds - 7200) * 1000 }),
  tampered: `${header}.${payload.slice(0, -4)}AAAA.${signature}`,
  unsigned: `${header}.${payload}.`,
  'of another key': tokenOf({}, { key: generateKey('EdDSA') }),
  'for another audience': tokenOf({ audience: 'https://bills.example' }),
  'of another issuer': tokenOf({}, { issuer: 'https://id.example/' }),
}

/** What a login ages ago gives after many refreshes. */
export const loggedInSecondsAgo = (seconds: number) =>
  tokenOf({ authenticatedAt: new Date((nowSeconds - seconds) * 1000) })

export const bearer = (token: string) => ['authorization', `Bearer ${token}`] as const
export const basic = (pair: string | Buffer) =>
  ['authorization', `Basic ${Buffer.from(pair as string).toString('base64')}`] as const
