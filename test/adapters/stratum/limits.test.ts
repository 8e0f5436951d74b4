import { describe, expect, it } from 'vitest'
import { addressGroup } from '../../../adapters/stratum/address.ts'
import { connectionLimits, stratumLimits } from '../../../adapters/stratum/limits.ts'

describe('what connections are counted by', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
    ['1::2:3:4:5:192.0.2.1', '1:0:2:3::/64'],
  ])('%s is of %s', (address, group) => {
    expect(addressGroup(address)).toBe(group)
  })
})

describe('connection limits', () => {
  it('gives as many places as there are, and a place again when it was left', () => {
    const limits = connectionLimits({ ...stratumLimits, connectionsMax: 2 })
    expect([limits.takePlace(), limits.takePlace(), limits.takePlace()]).toEqual([true, true, false])
    limits.leavePlace()
    expect([limits.takePlace(), limits.takePlace()]).toEqual([true, false])
  })

  it('counts the addresses of one IPv6 network together, others apart', () => {
    const limits = connectionLimits({ ...stratumLimits, connectionsPerAddressMax: 2 })
    expect([limits.takeAddress('2001:db8::1'), limits.takeAddress('2001:db8::2')]).toEqual([true, true])
    expect(limits.takeAddress('2001:db8::3')).toBe(false)
    expect(limits.takeAddress('2001:db8:0:1::3')).toBe(true)
    expect(limits.takeAddress('192.0.2.1')).toBe(true)
    limits.leaveAddress('2001:db8::2')
    expect([limits.takeAddress('2001:db8::4'), limits.takeAddress('2001:db8::5')]).toEqual([true, false])
  })
})
