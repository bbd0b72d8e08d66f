import { isIPv4, isIPv6 } from 'node:net'

const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i

/**
 * What counts as one place on the network: the /24 of an IPv4 address, the /64 of an IPv6 one, in one spelling each. An IPv4
 * address written as IPv6 is the same place. Undefined for a text that is no address.
 */
export function addressPrefix(address: string | undefined): string | undefined {
  if (address === undefined) return undefined
  const plain = mapped.exec(address)?.[1] ?? address.replace(/%.*/s, '')
  if (isIPv4(plain)) return `${plain.slice(0, plain.lastIndexOf('.'))}.0/24`
  if (!isIPv6(plain)) return undefined
  return `${firstGroups(plain).join(':')}::/64`
}

/** The first four groups, without leading zeros. */
function firstGroups(address: string): string[] {
  const [before = '', after] = address.split('::')
  const head = before === '' ? [] : before.split(':')
  const tail = after === undefined || after === '' ? [] : after.split(':')
  const zeros = after === undefined ? 0 : 8 - head.length - tail.length
  const groups = [...head, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...tail]
  return groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
}
