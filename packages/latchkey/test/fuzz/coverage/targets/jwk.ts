/** `importKey`, of any JSON. */
import { createHash } from 'node:crypto'
import type { Jwk, Key } from 'latchkey/token'
import { edwardsJwk, ellipticJwk, secretJwk } from '../../fixed-keys.js'
import { isPlainBase64url, isSignedBy, plainKey } from '../../plain-token.js'
import { loadJws, loadToken } from '../modules.js'
import { must, type TargetDefinition } from '../target.js'

export const jwk: TargetDefinition = {
  name: 'jwk',
  shortRuns: 5000,
  async prepare(code) {
    const [{ importKey }, { signCompact }] = await Promise.all([loadToken(code), loadJws(code)])

    /** The key; undefined when it was refused as it must be. */
    function read(value: unknown): Key | undefined {
      try {
        return importKey(value as Jwk)
      } catch (error) {
        if (!(error instanceof TypeError) || !error.message.startsWith('A key ')) throw error
        const { k, d } = (value ?? {}) as Partial<Record<string, unknown>>
        // Shorter ones are too short for any key, and may be words of the message.
        for (const secret of [k, d]) {
          if (typeof secret === 'string' && secret.length >= 20)
            must(!error.message.includes(secret), 'quotes a secret')
        }
        return undefined
      }
    }
    function run(input: string): void {
      let value: unknown
      try {
        value = JSON.parse(input)
      } catch {
        return
      }
      const before = JSON.stringify(value)
      const key = read(value)
      must(JSON.stringify(value) === before, 'changes what it is given')
      if (key) checkKey(key, value as Jwk)
      const given = value as Jwk | null
      if (isWhole(given)) must(key !== undefined, 'refuses a right key')
    }
    function checkKey(key: Key, given: Jwk): void {
      must(key.alg === given.alg && (given.kid === undefined || key.kid === given.kid), 'has another alg or kid')
      for (const part of key.symmetric ? [given.k] : [given.x, ...(given.crv === 'P-256' ? [given.y] : [])]) {
        must(typeof part === 'string' && isPlainBase64url(part), 'takes a part that is not base64url')
      }
      const operations = given.key_ops ?? ['sign', 'verify']
      must(given.use === undefined || given.use === 'sig', 'takes a key of another use')
      must(key.canVerify === operations.includes('verify') || !key.canVerify, 'verifies though key_ops forbid it')
      must(!key.canSign || operations.includes('sign'), 'signs though key_ops forbid it')
      if (!key.symmetric) {
        const { kty, crv, x, y } = given
        const thumbprint = JSON.stringify(kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x })
        const name = given.kid ?? createHash('sha256').update(thumbprint).digest('base64url')
        must(key.kid === name, 'has another thumbprint')
        must(importKey(key.toPublicJwk()).kid === key.kid, 'does not read what it wrote')
        must(!('d' in key.toPublicJwk()), 'publishes its private part')
      }
      if (!key.canSign) return
      const again = importKey(key.toPrivateJwk())
      must(again.alg === key.alg && again.kid === key.kid, 'does not read what it wrote')
      const [header, payload, signature] = signCompact(Buffer.from('x'), key).split('.') as [string, string, string]
      const isRight = isSignedBy(plainKey(given), `${header}.${payload}`, Buffer.from(signature, 'base64url'))
      must(isRight, 'signs otherwise than node:crypto')
    }
    const text = (value: unknown) => JSON.stringify(value)
    const { d: _, ...publicPart } = edwardsJwk
    const seeds = [
      ...[secretJwk, edwardsJwk, ellipticJwk, publicPart, { ...ellipticJwk, kid: undefined, use: 'sig' }].map(text),
      ...[{ ...secretJwk, key_ops: ['sign'] }, { ...edwardsJwk, key_ops: ['verify', 'sign'] }, [secretJwk], null].map(
        text,
      ),
      text({ ...secretJwk, alg: 'HS512', k: 'A'.repeat(86) }),
      text({ ...secretJwk, k: Buffer.from('-----BEGIN PUBLIC KEY-----aaaaaaaa').toString('base64url') }),
      text({ ...publicPart, x: 'A'.repeat(43) }),
    ]
    const words = [
      '"kty":"oct"',
      '"alg":"HS256"',
      '"crv":"Ed25519"',
      '"key_ops":["verify"],',
      '"use":"sig",',
      '"use":"enc",',
      'enc',
      '"y":',
      '"d":',
    ]
    return { seeds, words, maxLength: 7000, run }
  },
}

/** Whether it is one of our keys with nothing but its name, or what may be done with it, changed. */
function isWhole(given: Jwk | null): boolean {
  const whole = [secretJwk, edwardsJwk, ellipticJwk].find(({ alg }) => alg === given?.alg)
  if (!whole || !given) return false
  const { kid, use, key_ops } = given
  return (
    Object.entries(whole).every(([name, value]) => name === 'kid' || given[name] === value) &&
    (kid === undefined || (typeof kid === 'string' && /^[!-~]{1,256}$/.test(kid))) &&
    (use === undefined || use === 'sig') &&
    key_ops === undefined
  )
}
