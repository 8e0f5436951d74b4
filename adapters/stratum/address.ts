import { isIPv4 } from 'node:net'

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * What connections are counted by: an IPv4 address as it is, of an IPv6 address its first 64 bits, since one customer
 * is given that many addresses. An IPv4 address mapped into IPv6 counts as itself. `address` must be valid.
 */
export function addressGroup(address: string): string {
  if (isIPv4(address)) return address
  const mapped = MAPPED_IPV4.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':')
    const afterGroups = after.length + (tail.includes('.') ? 1 : 0)
    while (groups.length < 8 - afterGroups) groups.push('0')
    groups.push(...after)
  }
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
