import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Jwk } from './jwk.js'
import { generateKey, importKey } from './key.js'

const pair = generateKey('ES256').toPrivateJwk()
const edwards = generateKey('EdDSA').toPrivateJwk()
const secret = generateKey('HS256').toPrivateJwk()
const bytes = (length: number, value = 1) => Buffer.alloc(length, value).toString('base64url')

/** The whole message, so that each says what was expected, and nothing else. */
const refuses = (jwk: unknown, expectation: string) =>
  expect(() => importKey(jwk as Jwk)).toThrow(new TypeError(`A key ${expectation}`))

describe('reading a JWK', () => {
  it.each([undefined, null, 7, 'text', [], [secret], () => secret])('refuses %j, which is none', (jwk) => {
    refuses(jwk, 'must be an object (RFC 7517)')
  })

  it.each<[object, string]>([
    [{ alg: undefined }, 'needs "alg", one of EdDSA, ES256, HS256, HS384, HS512'],
    [{ alg: ['HS256'] }, 'needs "alg", one of EdDSA, ES256, HS256, HS384, HS512'],
    [{ alg: 'toString' }, 'needs "alg", one of EdDSA, ES256, HS256, HS384, HS512'],
    [{ kty: 'EC' }, 'with alg HS256 must have kty "oct"'],
    [{ use: 'enc' }, 'must have use "sig", or none'],
    [{ kid: '' }, 'must have a kid of 1 to 256 printable ASCII characters, or none'],
    [{ kid: 'x'.repeat(257) }, 'must have a kid of 1 to 256 printable ASCII characters, or none'],
    [{ kid: 'two words' }, 'must have a kid of 1 to 256 printable ASCII characters, or none'],
    [{ kid: ' x' }, 'must have a kid of 1 to 256 printable ASCII characters, or none'],
    [{ kid: 'x\n' }, 'must have a kid of 1 to 256 printable ASCII characters, or none'],
    [{ kid: '\u00e9' }, 'must have a kid of 1 to 256 printable ASCII characters, or none'],
    [{ key_ops: 'verify' }, 'must have key_ops as a list of texts, or none'],
    [{ key_ops: [7] }, 'must have key_ops as a list of texts, or none'],
    [{ key_ops: ['verify', 7] }, 'must have key_ops as a list of texts, or none'],
    [{ key_ops: ['verify', 'verify'] }, 'must not repeat an entry of key_ops'],
    [{ key_ops: [] }, 'must have "verify" or "sign" among its key_ops'],
    [{ key_ops: ['encrypt'] }, 'must have "verify" or "sign" among its key_ops'],
    [{ k: undefined }, 'needs "k" in base64url without padding'],
    [{ k: 'AA==' }, 'needs "k" in base64url without padding'],
    [{ k: bytes(31) }, 'with alg HS256 must be at least 32 bytes long (RFC 7518 section 3.2)'],
    [{ k: bytes(4097) }, 'must be at most 4096 bytes long'],
    [{ k: Buffer.from(JSON.stringify(pair)).toString('base64url') }, 'is the text of a public key, which is no secret'],
  ])('refuses a secret with %j', (change, expectation) => {
    refuses({ ...secret, ...change }, expectation)
  })

  it('takes a secret of 4096 bytes, and a name of 256 characters', () => {
    const kid = '!~'.repeat(128)
    expect(importKey({ ...secret, k: bytes(4096), kid }).kid).toBe(kid)
  })

  it('names a secret without a name so that only its holders can work it out', () => {
    const k = randomBytes(32)
    const expected = createHmac('sha256', k).update('latchkey kid').digest('base64url').slice(0, 22)
    expect(importKey({ kty: 'oct', alg: 'HS256', k: k.toString('base64url') }).kid).toBe(expected)
  })

  it.each<[object, string]>([
    [{ crv: 'P-384' }, 'with alg ES256 must have crv "P-256"'],
    [{ x: undefined }, 'needs "x" in base64url without padding'],
    [{ y: 7 }, 'needs "y" in base64url without padding'],
    [{ x: bytes(31) }, 'must have "x" of 32 bytes'],
    [{ y: bytes(33) }, 'must have "y" of 32 bytes'],
    [{ d: bytes(33) }, 'must have "d" of 32 bytes'],
    [{ x: bytes(32), y: bytes(32) }, 'is no point of its curve'],
    [{ d: generateKey('ES256').toPrivateJwk().d }, 'has a private part that does not belong to its public part'],
    [{ d: undefined, key_ops: ['sign'] }, 'with key_ops "sign" alone needs its private part "d"'],
  ])('refuses a key pair with %j', (change, expectation) => {
    refuses({ ...pair, ...change }, expectation)
  })

  it('refuses a private part of which no signature can be made', () => {
    for (const value of [0, 0xff]) expect(() => importKey({ ...pair, d: bytes(32, value) })).toThrow(TypeError)
  })

  it('refuses the points of Ed25519 with which anybody can sign', () => {
    const { d: _, ...published } = edwards
    // Also as they must not be written: p and p + 1 stand for 0 and 1 (RFC 8032 section 5.1.3).
    const ends = ['00'.repeat(31), `${'ff'.repeat(30)}7f`]
    for (const point of [`00${ends[0]}`, `01${ends[0]}`, `ec${ends[1]}`, `ed${ends[1]}`, `ee${ends[1]}`]) {
      for (const sign of [0, 0x80]) {
        const x = Buffer.from(point, 'hex')
        x[31] = (x[31] as number) | sign
        refuses({ ...published, x: x.toString('base64url') }, 'must not be a point of small order')
      }
    }
  })

  it('takes a public part alone, which signs nothing and tells nothing else', () => {
    const { d: _, ...published } = { ...pair, key_ops: ['verify'] }
    const key = importKey(published)
    expect([key.canSign, key.canVerify]).toEqual([false, true])
    expect(key.toPublicJwk()).toEqual({ ...pair, d: undefined, use: 'sig' })
    expect(() => key.toPrivateJwk()).toThrow(new TypeError('This key has only its public part'))
  })
})
