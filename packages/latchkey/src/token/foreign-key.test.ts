import { describe, expect, it } from 'vitest'
import { readForeignKey } from './foreign-key.js'
import { generateKey } from './key.js'

const ec: Record<string, unknown> = { ...generateKey('ES256').toPublicJwk() }
const ed: Record<string, unknown> = { ...generateKey('EdDSA').toPublicJwk() }

describe('a key of another issuer', () => {
  it('is read with its algorithm and its name, and with the algorithm of its kind where it has none', () => {
    expect(readForeignKey(ec)).toMatchObject({ alg: 'ES256', kid: ec.kid })
    expect(readForeignKey(ed)).toMatchObject({ alg: 'EdDSA', kid: ed.kid })
    expect(readForeignKey({ ...ec, alg: undefined })).toMatchObject({ alg: 'ES256' })
    expect(readForeignKey({ ...ed, alg: undefined })).toMatchObject({ alg: 'EdDSA' })
    expect(readForeignKey({ ...ec, kid: undefined, use: undefined })).toMatchObject({ alg: 'ES256', kid: undefined })
    expect(readForeignKey({ ...ec, key_ops: ['verify'] })).toMatchObject({ alg: 'ES256' })
    expect(Object.isFrozen(readForeignKey(ec))).toBe(true)
  })

  it.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])('is of no use with the private member %s', (member) => {
    expect(readForeignKey({ ...ec, [member]: 'AQAB' })).toBeUndefined()
    expect(readForeignKey({ ...ed, [member]: undefined })).toBeUndefined()
  })

  it.each<[string, unknown]>([
    ['no object', 'key'],
    ['null', null],
    ['undefined', undefined],
    ['of another kind', { ...ec, kty: 'OKP' }],
    ['on another curve', { ...ec, crv: 'P-384' }],
    ['of a kind and a curve that do not belong together', { ...ec, alg: undefined, crv: 'Ed25519' }],
    ['of no kind', { kid: 'a' }],
    ['for another algorithm', { ...ec, alg: 'ES384' }],
    ['for an algorithm of every object', { ...ec, alg: 'toString' }],
    ['for what is no name', { ...ec, alg: ['ES256'] }],
    ['for encryption', { ...ec, use: 'enc' }],
    ['for signing alone', { ...ec, key_ops: ['sign'] }],
    ['for what is no list', { ...ec, key_ops: 'verify' }],
    ['with an empty name', { ...ec, kid: '' }],
    ['with a number as its name', { ...ec, kid: 7 }],
    ['off its curve', { ...ec, y: ec.x }],
    ['without a coordinate', { ...ec, y: undefined }],
  ])('is of no use when it is %s', (_, jwk) => {
    expect(readForeignKey(jwk)).toBeUndefined()
  })
})
