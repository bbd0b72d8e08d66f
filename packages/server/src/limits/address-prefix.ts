import { isIPv4, isIPv6 } from 'node:net'

/**
 * What counts as one place on the network: the /24 of an IPv4 address, the /64 of an IPv6 one, in one spelling each. An IPv4
 * address written as IPv6 (RFC 4291 section 2.5.5.2) is the same place. A zone is left out. Undefined for a text that is no
 * address.
 */
export function addressPrefix(address: string | undefined): string | undefined {
  const plain = address?.replace(/%.*/s, '') ?? ''
  if (isIPv4(plain)) return `${plain.slice(0, plain.lastIndexOf('.'))}.0/24`
  if (!isIPv6(plain)) return undefined
  const groups = groupsOf(plain)
  const [high, low] = groups.slice(6).map((group) => Number.parseInt(group, 16)) as [number, number]
  const isMapped = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff'
  if (isMapped) return `${high >> 8}.${high & 255}.${low >> 8}.0/24`
  return `${groups.slice(0, 4).join(':')}::/64`
}

/** All eight groups, in lower case, without leading zeros. */
function groupsOf(address: string): readonly string[] {
  // A URL has one spelling for each address, and none with dots.
  const spelt = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = [], tail = []] = spelt.split('::').map((part) => (part === '' ? [] : part.split(':')))
  return [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
}
