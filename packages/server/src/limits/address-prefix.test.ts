import { describe, expect, it } from 'vitest'
import { addressPrefix } from './address-prefix.js'

describe('the prefix of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.0/24'],
    ['::ffff:203.0.113.7', '203.0.113.0/24'],
    ['::FFFF:203.0.113.200', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s is %s', (address, prefix) => {
    expect(addressPrefix(address)).toBe(prefix)
  })

  it.each([undefined, '', 'localhost', '1.2.3', '203.0.113.7:80', 'x::y'])('%s has none', (address) => {
    expect(addressPrefix(address)).toBeUndefined()
  })
})
