/** Tokens to verify, each time as a string that nobody has seen: V8 keeps the hash of one, which flatters a cache. */
import { randomBytes } from 'node:crypto'
import { createSigner, generateKey } from 'latchkey/token'

export const issuer = 'https://id.example'
export const audience = 'orders'

const random128 = () => randomBytes(16).toString('base64url')

/** A key, and what signs with it: other tokens each time. */
export function createIssuer(alg, { ttlSeconds = 7200, clock } = {}) {
  const key = generateKey(alg)
  const signer = createSigner({ key, issuer, audience, ttlSeconds, ...(clock && { clock }) })
  let uid = 0
  function issue(more = {}) {
    const subject = {
      uid: String(++uid),
      clientType: 100,
      scopes: ['user:read', 'user:write'],
      sid: random128(),
      gen: 0,
    }
    return signer.issue({ ...subject, ...more })
  }
  return { key, issue, issueMany: (count) => Array.from({ length: count }, () => issue()) }
}

const fresh = (token) => Buffer.from(token, 'latin1').toString('latin1')

/** Fresh strings of these tokens, in turns. */
export function inTurns(tokens) {
  let next = 0
  return (count) => Array.from({ length: count }, () => fresh(tokens[next++ % tokens.length]))
}

/** What nobody may accept, by why. */
export function badTokens({ key, issue }, alg) {
  const [header, payload, signature] = issue().split('.')
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  const hourAgo = () => Date.now() - 3_600_000
  return {
    'a signature that was changed': `${header}.${payload}.${flipped}`,
    'a claim that was changed': `${header}.${encode({ ...claims, sub: 'admin' })}.${signature}`,
    'the signature of another key': createIssuer(alg).issue(),
    'no signature': `${encode({ alg: 'none', typ: 'at+jwt', kid: key.kid })}.${payload}.`,
    'another audience': issue({ audience: 'billing' }),
    'its time over': signWith(key, { ttlSeconds: 60, clock: hourAgo }),
    'nothing that is a token': 'garbage',
  }
}

function signWith(key, options) {
  const { issue } = createSigner({ key, issuer, audience, ...options })
  return issue({ uid: '1', clientType: 100, scopes: [], sid: random128(), gen: 0 })
}
