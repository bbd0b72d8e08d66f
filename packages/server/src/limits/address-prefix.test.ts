import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressPrefix } from './address-prefix.js'

describe('the prefix of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['1:2::3:4:5:1.2.3.4', '1:2:0:3::/64'],
    ['::1:2:3:4:5.6.7.8', '0:0:1:2::/64'],
    ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['fe80::1%25eth0', 'fe80:0:0:0::/64'],
    ['fe80::1%', 'fe80:0:0:0::/64'],
    // Neither is an IPv4 address written as IPv6: the first has one group too many, the second none of ffff.
    ['::ffff:0:192.0.2.1', '0:0:0:0::/64'],
    ['::192.0.2.1', '0:0:0:0::/64'],
  ])('%s is %s', (address, prefix) => {
    expect(addressPrefix(address)).toBe(prefix)
  })

  it.each([
    ...['192.0.2.1', '192.0.2.1%eth0', '::ffff:192.0.2.1', '::FFFF:192.0.2.200', '::ffff:192.0.2.1%eth0'],
    ...['::ffff:c000:201', '::FFFF:C000:0201', '::ffff:c000:0201', '0::ffff:c000:201', '0:0::ffff:192.0.2.1'],
    ...['0:0:0:0:0:ffff:192.0.2.1', '0:0:0:0:0:FFFF:C000:201', '0000:0000:0000:0000:0000:ffff:c000:0201'],
    ...['0:0:0:0::ffff:192.0.2.1', '::0:ffff:c000:201', '::0:0:ffff:192.0.2.1', '0::0:0:ffff:c000:201'],
    ...['::0:0:0:0:ffff:c000:201', '0:0:0:0:0:fFfF:192.0.2.255', '0000::FFFF:c000:2Ff', '0:0:0::0:ffff:192.0.2.1'],
  ])('%s is 192.0.2.0/24', (address) => {
    expect(addressPrefix(address)).toBe('192.0.2.0/24')
  })

  it.each([
    ...[undefined, '', ' ', 'localhost', 'unknown', '_hidden', '%', '%eth0', 'x::y', '::g', 'c000:201'],
    ...['1.2.3', '203.0.113.7:80', '256.1.1.1', '1.2.3.4.5', '01.2.3.4', '0x7f.1', '2130706433', ' 203.0.113.7'],
    ...['[::1]', '[::1]:80', '::1]/x[', '::1 ', '::1#', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::'],
    ...['::ffff:192.0.2', '::ffff:192.0.2.256', '::ffff:192.0.2.01', '::192.0.2.1:1', '1:2:3:4:5:6:7:1.2.3.4', ':::'],
  ])('%s has none', (address) => {
    expect(addressPrefix(address)).toBeUndefined()
  })
})

/** One spelling of these eight groups, as `choices` has it: upper or lower case, zeros, `::` in any place, a dotted tail, a zone. */
function spell(groups: readonly number[], choices: Choices): string {
  const { isUpper, width, start, end, isDotted, zone } = choices
  const texts = groups.map((group) => group.toString(16).padStart(width, '0'))
  const [high = 0, low = 0] = groups.slice(6)
  const isTailFree = isDotted && end <= 6
  const written = isTailFree ? [...texts.slice(0, 6), `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`] : texts
  const areZeros = start < end && groups.slice(start, end).every((group) => group === 0)
  const text = areZeros ? `${written.slice(0, start).join(':')}::${written.slice(end).join(':')}` : written.join(':')
  return `${isUpper ? text.toUpperCase() : text}${zone}`
}

interface Choices {
  readonly isUpper: boolean
  readonly width: number
  readonly start: number
  readonly end: number
  readonly isDotted: boolean
  readonly zone: string
}

describe('any spelling', () => {
  const choices = fc.record({
    isUpper: fc.boolean(),
    width: fc.integer({ min: 1, max: 4 }),
    start: fc.nat(8),
    end: fc.nat(8),
    isDotted: fc.boolean(),
    zone: fc.constantFrom('', '', '%eth0', '%1'),
  })
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }), fc.constant(0xffff))

  it('of an IPv6 address has the prefix of its first four groups', () => {
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), choices, (groups, how) => {
        fc.pre(groups.slice(0, 5).some((one) => one !== 0) || groups[5] !== 0xffff)
        const first = groups.slice(0, 4).map((one) => one.toString(16))
        expect(addressPrefix(spell(groups, how))).toBe(`${first.join(':')}::/64`)
      }),
      { numRuns: 5000 },
    )
  })

  it('of an IPv4 address as IPv6 has the prefix of the IPv4 address', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }), choices, (bytes, how) => {
        const [a, b, c, d] = bytes as [number, number, number, number]
        const groups = [0, 0, 0, 0, 0, 0xffff, a * 256 + b, c * 256 + d]
        const expected = addressPrefix(bytes.join('.'))
        expect(expected).toBe(`${a}.${b}.${c}.0/24`)
        expect(addressPrefix(spell(groups, how))).toBe(expected)
      }),
      { numRuns: 5000 },
    )
  })

  it('of anything else is refused or read, and never thrown at', () => {
    const piece = fc.oneof(
      fc.constantFrom(':', '::', '.', '%', '0', 'ffff', '1.2.3.4', '[', ']', '/', '@'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(addressPrefix(pieces.join('')) ?? '::/64').toMatch(/^\d+\.\d+\.\d+\.0\/24$|::\/64$/)
      }),
      { numRuns: 5000 },
    )
  })
})
