import { constants, createPublicKey, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { generatePrivateKey } from './generate-private-key.js'
import { readRsaKey } from './rsa-key.js'

const privateKey = generatePrivateKey({ modulusLength: 2048 })
const { n, e } = createPublicKey(privateKey).export({ format: 'jwk' })
const text = 'header.payload'

/** An odd number of exactly so many bits. */
function modulusOf(bits: number): string {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff)
  bytes[0] = 0xff >> (bytes.length * 8 - bits)
  return bytes.toString('base64url')
}

describe('an RSA key', () => {
  it('has a modulus of 2048 to 8192 bits', () => {
    for (const bits of [2048, 2049, 3072, 4096, 8191, 8192])
      expect(readRsaKey('RS256', modulusOf(bits), e)).toBeDefined()
    for (const bits of [8, 1024, 2040, 2047, 8193, 16_384])
      expect(readRsaKey('RS256', modulusOf(bits), e)).toBeUndefined()
  })

  it('has an odd exponent from 65537 to 64 bits', () => {
    const read = (hex: string) => readRsaKey('PS256', n, Buffer.from(hex, 'hex').toString('base64url'))
    for (const hex of ['010001', '010003', 'ffffffffffffffff']) expect(read(hex)).toBeDefined()
    for (const hex of ['', '01', '03', 'ffff', '010000', '010002', '00010001', '010000000000000001']) {
      expect(read(hex), hex).toBeUndefined()
    }
  })

  it('has both numbers as texts in base64url', () => {
    for (const none of [undefined, null, 7, {}, [n], '', '=', `${n}=`]) {
      expect(readRsaKey('RS256', none, e)).toBeUndefined()
      expect(readRsaKey('RS256', n, none)).toBeUndefined()
    }
  })

  it('verifies by its own scheme, with a salt as long as the hash, and a signature as long as the modulus', () => {
    const bySalt = (saltLength: number) =>
      sign('sha256', Buffer.from(text), { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
    const plain = sign('sha256', Buffer.from(text), privateKey)
    const [rs, ps] = [readRsaKey('RS256', n, e), readRsaKey('PS256', n, e)]
    const told = (signature: Uint8Array) => {
      const written = Buffer.from(signature).toString('base64url')
      return [rs?.(`${text}.${written}`, text.length), ps?.(`${text}.${written}`, text.length)]
    }
    expect(told(plain)).toEqual([true, false])
    expect(told(bySalt(32))).toEqual([false, true])
    for (const saltLength of [0, 20, 31, 33, 64, 222]) expect(told(bySalt(saltLength))).toEqual([false, false])
    for (const other of [new Uint8Array(0), plain.subarray(1), Buffer.concat([Buffer.from([0]), plain])]) {
      expect(told(other)).toEqual([false, false])
    }
    expect(rs?.(`${text}x.${plain.toString('base64url')}`, text.length + 1)).toBe(false)
  })
})
