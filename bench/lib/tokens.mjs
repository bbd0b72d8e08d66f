/** Tokens to verify, each time as a string that nobody has seen: V8 keeps the hash of one, which flatters a cache. */
import { randomBytes } from 'node:crypto'
import { createSigner, generateKey } from 'latchkey/token'

export const issuer = 'https://id.example'
export const audience = 'orders'

export const newSid = () => randomBytes(16).toString('base64url')

/** A key, and what signs with it: other tokens each time. */
export function createIssuer(alg, { ttlSeconds = 7200, clock } = {}) {
  const key = generateKey(alg)
  // As the server writes it.
  const signer = createSigner({ key, issuer, audience: [audience], ttlSeconds, ...(clock && { clock }) })
  let uid = 0
  function issue(more = {}) {
    const subject = {
      uid: String(++uid),
      clientType: 100,
      scopes: ['user:read', 'user:write'],
      sid: newSid(),
      gen: 0,
    }
    return signer.issue({ ...subject, ...more })
  }
  return { key, issue, issueMany: (count) => Array.from({ length: count }, () => issue()) }
}

export const fresh = (token) => Buffer.from(token, 'latin1').toString('latin1')

/** Fresh strings of these tokens, in turns. */
export function inTurns(tokens) {
  let next = 0
  return (count) => Array.from({ length: count }, () => fresh(tokens[next++ % tokens.length]))
}

/** What nobody may accept in place of this token, by why. */
export function forgeries(token) {
  const [header, payload, signature] = token.split('.')
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString())
  const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  return {
    'a signature that was changed': `${header}.${payload}.${flipped}`,
    'a claim that was changed': `${header}.${encode({ ...decode(payload), sub: 'admin' })}.${signature}`,
    'no signature': `${encode({ ...decode(header), alg: 'none' })}.${payload}.`,
    'nothing that is a token': 'garbage',
  }
}

/** What nobody may accept, by why. */
export function badTokens({ key, issue }, alg) {
  const hourAgo = () => Date.now() - 3_600_000
  return {
    ...forgeries(issue()),
    'the signature of another key': createIssuer(alg).issue(),
    'another audience': issue({ audience: 'billing' }),
    'its time over': signWith(key, { ttlSeconds: 60, clock: hourAgo }),
  }
}

function signWith(key, options) {
  const { issue } = createSigner({ key, issuer, audience, ...options })
  return issue({ uid: '1', clientType: 100, scopes: [], sid: newSid(), gen: 0 })
}
