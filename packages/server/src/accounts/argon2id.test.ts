import { describe, expect, it } from 'vitest'
import { costOfForm, dummyHash, formOf, hashArgon2id, readCost, recommendedCost, verifyArgon2id } from './argon2id.js'

const secret = Buffer.from('a long passphrase')
const cheap = { memoryKib: 64, passes: 1, lanes: 1 }

describe('a new hash', () => {
  it('is argon2id of the recommended cost, and of its secret alone', async () => {
    const stored = await hashArgon2id(secret, recommendedCost)
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(readCost(stored)).toEqual(recommendedCost)
    expect(await verifyArgon2id(stored, secret)).toBe(true)
    expect(await verifyArgon2id(stored, Buffer.from('a long passphrase '))).toBe(false)
  })

  it('has a salt of its own', async () => {
    expect(await hashArgon2id(secret, cheap)).not.toBe(await hashArgon2id(secret, cheap))
  })

  it('has a salt of 128 bits and a tag of 256, as RFC 9106 section 4 recommends', async () => {
    const salts = new Set<string>()
    for (let i = 0; i < 20; i++) {
      const [salt = '', tag = ''] = (await hashArgon2id(secret, cheap)).split('$').slice(-2)
      expect([Buffer.from(salt, 'base64').length, Buffer.from(tag, 'base64').length]).toEqual([16, 32])
      salts.add(salt)
    }
    expect(salts.size).toBe(20)
  })

  it('takes every byte of the secret: the last of 512, and those after a NUL', async () => {
    const long = Buffer.alloc(512, 'x')
    const other = Buffer.from(long)
    other[511] = 0
    expect(await verifyArgon2id(await hashArgon2id(long, cheap), other)).toBe(false)
    expect(await verifyArgon2id(await hashArgon2id(Buffer.from('a\0b'), cheap), Buffer.from('a\0c'))).toBe(false)
  })
})

describe('a stored hash', () => {
  const tail = '$c29tZXNhbHRzYWx0c2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  it.each([
    ['4 GiB of memory', `$argon2id$v=19$m=4194304,t=1,p=1${tail}`],
    ['a thousand passes', `$argon2id$v=19$m=65536,t=1000,p=1${tail}`],
    ['memory and passes that are each payable, but not together', `$argon2id$v=19$m=262144,t=16,p=1${tail}`],
    ['no pass', `$argon2id$v=19$m=65536,t=0,p=1${tail}`],
    ['no lane', `$argon2id$v=19$m=65536,t=1,p=0${tail}`],
    ['less memory than its lanes need', `$argon2id$v=19$m=8,t=1,p=2${tail}`],
    ['another variant', `$argon2i$v=19$m=64,t=1,p=1${tail}`],
    ['an older version', `$argon2id$v=16$m=64,t=1,p=1${tail}`],
    ['a hash of one byte', '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzYWx0c2FsdA$CQ'],
    ['another kind', '$2b$12$abcdefghijklmnopqrstuu'],
    ['nothing', ''],
  ])('with %s is refused without hashing', async (_, stored) => {
    const began = performance.now()
    expect(readCost(stored)).toBeUndefined()
    expect(await verifyArgon2id(stored, secret)).toBe(false)
    expect(performance.now() - began).toBeLessThan(1000)
  })
})

describe('a dummy', () => {
  it('is read as a hash of its cost, and is that of no secret', async () => {
    expect(readCost(dummyHash(cheap))).toEqual(cheap)
    expect(await verifyArgon2id(dummyHash(cheap), secret)).toBe(false)
  })
})

it('a form names the cost, and only of argon2id', () => {
  expect(costOfForm(formOf(cheap))).toEqual(cheap)
  expect(costOfForm('pbkdf2:sha256:50000')).toBeUndefined()
})
