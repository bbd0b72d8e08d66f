import { execFileSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Algorithm } from './algorithms.js'
import { generatePrivateKey } from './generate-private-key.js'
import type { Jwk } from './jwk.js'
import { generateKey, importKey, Key } from './key.js'
import { readKeys } from './key-set.js'

const all: Algorithm[] = ['EdDSA', 'ES256', 'HS256', 'HS384', 'HS512']

const verify = (key: Key, text: string, signature: string) => Key.verify(key, `${text}.${signature}`, text.length)

describe.each(all)('a key of %s', (alg) => {
  const key = generateKey(alg)

  it('is the same key after export and import', () => {
    const again = importKey(key.toPrivateJwk())
    expect([again.alg, again.kid]).toEqual([alg, key.kid])
    expect(verify(again, 'text', Key.sign(key, 'text'))).toBe(true)
    expect(verify(again, 'texT', Key.sign(key, 'text'))).toBe(false)
  })

  it('shows nothing of its secret part', () => {
    const { k, d } = key.toPrivateJwk()
    const shown = inspect(key, { depth: 9, showHidden: true }) + JSON.stringify(key) + Object.values(key).join()
    expect(shown).not.toContain(k ?? d)
    expect(shown).toContain(key.kid)
  })

  it('is refused without alg, or with that of another', () => {
    const { alg: _, ...nameless } = key.toPrivateJwk()
    expect(() => importKey(nameless)).toThrow(/needs "alg"/)
    const hashes: Record<string, number> = { HS256: 1, HS384: 2, HS512: 3 }
    for (const other of all.filter((one) => one !== alg && !(hashes[one] && hashes[alg]))) {
      expect(() => importKey({ ...nameless, alg: other }), other).toThrow(TypeError)
    }
  })

  it.each([
    [{ use: 'enc' }, /use "sig"/],
    [{ key_ops: ['encrypt'] }, /key_ops/],
    [{ key_ops: 'verify' as unknown as string[] }, /key_ops as a list/],
    [{ key_ops: ['sign', 'sign'] }, /repeat/],
    [{ kid: '' }, /kid/],
    [{ kid: 7 as unknown as string }, /kid/],
    [{ alg: 'none' }, /needs "alg"/],
    [{ alg: 'RS256' }, /needs "alg"/],
    [{ alg: 'toString' }, /needs "alg"/],
    [{ kty: 'RSA' }, /kty/],
  ])('is refused with %j', (change, message) => {
    expect(() => importKey({ ...key.toPrivateJwk(), ...change })).toThrow(message)
  })

  it('obeys key_ops', () => {
    const verifying = importKey({ ...key.toPrivateJwk(), key_ops: ['verify'] })
    expect(() => Key.sign(verifying, 'text')).toThrow(/cannot sign/)
    const signing = importKey({ ...key.toPrivateJwk(), key_ops: ['sign'] })
    expect(verify(signing, 'text', Key.sign(signing, 'text'))).toBe(false)
    expect(() => readKeys([signing])).toThrow(/"verify"/)
  })
})

describe.each(['EdDSA', 'ES256'] as const)('a key pair of %s', (alg) => {
  const key = generateKey(alg)

  it('publishes its public part alone', () => {
    const jwk = key.toPublicJwk()
    expect(jwk).not.toHaveProperty('d')
    const publicKey = importKey(jwk)
    expect(publicKey.kid).toBe(key.kid)
    expect(verify(publicKey, 'text', Key.sign(key, 'text'))).toBe(true)
    expect(() => Key.sign(publicKey, 'text')).toThrow(/cannot sign/)
    expect(() => publicKey.toPrivateJwk()).toThrow(TypeError)
  })

  it('is refused when the private part is of another pair', () => {
    const { d } = generateKey(alg).toPrivateJwk()
    expect(() => importKey({ ...key.toPrivateJwk(), d } as Jwk)).toThrow(TypeError)
  })

  it.each([
    { x: 'AAAA' },
    { x: `${'A'.repeat(42)}B` },
    { d: 'AA==' },
    { crv: 'P-384' },
    { x: undefined as unknown as string },
  ])('is refused with the coordinate %j', (change) => {
    expect(() => importKey({ ...key.toPrivateJwk(), ...change })).toThrow(TypeError)
  })
})

describe('a shared secret', () => {
  const secretOf = (bytes: Uint8Array | string, alg: string) =>
    importKey({ kty: 'oct', k: Buffer.from(bytes).toString('base64url'), alg })

  it.each([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ])('for %s has at least %i bytes', (alg, bytes) => {
    expect(secretOf(new Uint8Array(bytes), alg).canSign).toBe(true)
    expect(() => secretOf(new Uint8Array(bytes - 1), alg)).toThrow(/at least/)
  })

  it('is not the text of a public key, in any form', () => {
    const ed = createPublicKey(generatePrivateKey('EdDSA'))
    const rsa = createPublicKey(generatePrivateKey({ modulusLength: 2048 }))
    for (const one of [ed, rsa, createPublicKey(rsa.export({ format: 'pem', type: 'pkcs1' }))]) {
      const pem = one.export({ format: 'pem', type: 'spki' }).toString()
      const jwk = JSON.stringify(one.export({ format: 'jwk' }))
      const der = one.export({ format: 'der', type: 'spki' })
      for (const text of [pem, ` ${pem}`, `x${pem}`, jwk, `\n${jwk}`, `{"keys":[${jwk}]}`]) {
        expect(() => secretOf(text, 'HS256'), text.slice(0, 20)).toThrow(/public key/)
      }
      expect(() => secretOf(der, 'HS256')).toThrow(/public key|at least/)
    }
  })

  it('has no public part', () => {
    const message = 'An HS256 key is a shared secret and has no public part'
    expect(() => generateKey('HS256').toPublicJwk()).toThrow(new TypeError(message))
  })
})

describe('a list of keys', () => {
  it('is not empty, repeats no name and mixes no secret with a key pair', () => {
    const pair = generateKey('EdDSA')
    expect(() => readKeys([])).toThrow(/at least one/)
    expect(() => readKeys({ keys: [] })).toThrow(/at least one/)
    expect(() => readKeys([pair, pair])).toThrow(/share a kid/)
    expect(() => readKeys([pair, generateKey('HS256')])).toThrow(/one list/)
    expect(() => readKeys(null as never)).toThrow(TypeError)
    expect(readKeys([pair.toPublicJwk(), generateKey('ES256')])).toHaveLength(2)
  })

  it('may be one key, several, or a set of them, and nothing else', () => {
    const pair = generateKey('EdDSA')
    const jwk = pair.toPublicJwk()
    for (const keys of [pair, jwk, [pair], [jwk], { keys: [jwk] }]) expect(readKeys(keys)[0]?.kid).toBe(pair.kid)
    for (const none of [undefined, null, 7, 'text', () => [pair]]) {
      expect(() => readKeys(none as never)).toThrow(new TypeError('Keys are a JWK, a list of them, or a JWK set'))
    }
    for (const list of [undefined, null, pair, { 0: pair, length: 1 }]) {
      const message = 'A JWK set has "keys", a list (RFC 7517 section 5)'
      expect(() => readKeys({ keys: list } as never)).toThrow(new TypeError(message))
    }
  })

  it('holds none that may not verify', () => {
    const signing = importKey({ ...generateKey('ES256').toPrivateJwk(), key_ops: ['sign'] })
    const message = 'Each key must allow "verify" in its key_ops'
    for (const keys of [[signing], [signing, generateKey('EdDSA')], [generateKey('EdDSA'), signing]]) {
      expect(() => readKeys(keys)).toThrow(new TypeError(message))
    }
  })
})

describe('a new key', () => {
  it.each(['RS256', 'none', 'toString', '', undefined, 7])('of %j is not made', (alg) => {
    const message = 'An algorithm is one of EdDSA, ES256, HS256, HS384, HS512'
    expect(() => generateKey(alg as Algorithm)).toThrow(new TypeError(message))
  })
})

describe('a new key pair', () => {
  // Node 20 hung for good when memory was collected in the middle of it.
  it.each(['EdDSA', 'ES256'] as const)('of %s is made while memory is collected all the time', (alg) => {
    const built = fileURLToPath(new URL('../../dist/token/generate-private-key.js', import.meta.url))
    const program = `
      import { generatePrivateKey } from ${JSON.stringify(built)}
      for (let made = 0; made < 3000; made++) generatePrivateKey('${alg}').export({ format: 'jwk' })
      console.log('made')`
    const words = ['--max-semi-space-size=1', '--input-type=module', '--eval', program]
    const options = { encoding: 'utf8', timeout: 15_000, killSignal: 'SIGKILL' } as const
    expect(execFileSync(process.execPath, words, options)).toBe('made\n')
  })
})
