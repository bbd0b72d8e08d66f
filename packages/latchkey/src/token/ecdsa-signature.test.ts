import { expect, it } from 'vitest'
import { toDerSignature } from './ecdsa-signature.js'

const zeros = (count: number) => '00'.repeat(count)
const ones = 'ff'.repeat(32)

it.each([
  ['numbers of full length', `7f${zeros(31)}`, `01${zeros(31)}`, `3044 0220 7f${zeros(31)} 0220 01${zeros(31)}`],
  ['numbers that would be negative', ones, `80${zeros(31)}`, `3046 0221 00${ones} 0221 0080${zeros(31)}`],
  ['leading zeros', `${zeros(31)}01`, `${zeros(2)}80${zeros(29)}`, `3024 0201 01 021f 0080${zeros(29)}`],
  ['zero', zeros(32), zeros(32), '3006 0201 00 0201 00'],
])('writes %s as DER', (_, r, s, der) => {
  const written = () => Buffer.from(toDerSignature(Buffer.from(r + s, 'hex'))).toString('hex')
  toDerSignature(Buffer.from(ones + ones, 'hex'))
  expect(written()).toBe(der.replaceAll(' ', ''))
})
