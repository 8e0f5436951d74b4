import { describe, expect, test } from 'vitest'
import { nearest } from '../../src/config/nearest.ts'

describe('nearest', () => {
  test.each([
    ['prt', 'port'],
    ['htpp', 'http'],
    ['nettwork', 'network'],
    ['PORT', 'port'],
    ['idleMsMax', 'idle_ms_max'],
  ])('%s is a slip of %s', (given, wanted) => {
    expect(nearest(given, ['host', 'port', 'http', 'network', 'idle_ms_max'])).toBe(wanted)
  })

  test('nothing is near to another word', () => {
    expect(nearest('walletgrpchost', ['host', 'port', 'network'])).toBeUndefined()
    expect(nearest('', ['host'])).toBeUndefined()
  })

  test('the nearer of two is taken', () => {
    expect(nearest('fixd', ['min', 'max', 'fixed'])).toBe('fixed')
  })
})
