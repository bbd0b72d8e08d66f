/** Password hashing and the rule for passwords, held against lists that nobody here wrote. */
import { expect, it } from 'vitest'
import { describeVectors, reportRecords } from '../../latchkey/test/vectors.js'
import { readCost, verifyArgon2id } from '../src/accounts/argon2id.js'
import { passwordReasons } from '../src/client-types/password-rule.js'

interface Argon2Record {
  readonly encoded: string
  readonly password: string
  readonly memoryKiB: number
  readonly timeCost: number
  readonly parallelism: number
}

describeVectors('the reference hashes of argon2id', 'phc-argon2', (vectors) => {
  const { encodedTests } = vectors.json('argon2id-vectors.json') as { encodedTests: readonly Argon2Record[] }

  it('are those of their passwords and of no others', async () => {
    let accepted = 0
    for (const { encoded, password, memoryKiB, timeCost, parallelism } of encodedTests) {
      expect(readCost(encoded)).toEqual({ memoryKib: memoryKiB, passes: timeCost, lanes: parallelism })
      expect(await verifyArgon2id(encoded, Buffer.from(`${password} `))).toBe(false)
      if (await verifyArgon2id(encoded, Buffer.from(password))) accepted++
    }
    reportRecords('argon2id-vectors.json', encodedTests.length, accepted)
    expect([encodedTests.length, accepted]).toEqual([8, 8])
  })
})

describeVectors('the most common passwords', 'zxcvbn-passwords', (vectors) => {
  const lines = vectors.text('passwords.txt').split('\n')
  const passwords = lines.map((line) => line.replace(/ +\d+$/, ''))
  const common = passwords.filter((line) => [...line].length >= 8 && [...line].length <= 128).slice(0, 3000)

  it('cannot be chosen: the first 3,000 of eight characters and more, in any case', async () => {
    const refused = await Promise.all(
      common.flatMap((password) => [password, password.toUpperCase()]).map((password) => passwordReasons(password)),
    )
    const count = refused.filter((reasons) => reasons.length === 1 && /most common/.test(reasons[0] as string)).length
    reportRecords('passwords.txt, each in two cases', refused.length, refused.length - count)
    expect([common.length, count]).toEqual([3000, 6000])
  })
})
