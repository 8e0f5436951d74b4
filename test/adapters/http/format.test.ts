import { describe, expect, test } from 'vitest'
import {
  countOf,
  duration,
  errorOf,
  hashrate,
  hashrateOf,
  integer,
  percent,
  shortened,
  timeAgo,
} from '../../../adapters/http/dashboard/format.ts'

const text = ({ number, unit }: { number: string; unit: string }): string => `${number} ${unit}`

describe('figures for people', () => {
  test.each([
    [0, '0 H/s'],
    [0.4, '0.40 H/s'],
    [999, '999 H/s'],
    [1000, '1.00 kH/s'],
    [48.213e12, '48.2 TH/s'],
    [481e15, '481 PH/s'],
    [2.5e21, '2500 EH/s'],
    [99.96e3, '100 kH/s'],
    [999.6e3, '1.00 MH/s'],
    [9.996, '10.0 H/s'],
  ])('%d hashes a second', (rate, words) => expect(text(hashrateOf(rate))).toBe(words))

  test.each([
    [0.6e12, 48.2e12, '0.6 TH/s'],
    [0.0457e12, 43.9e12, '0.05 TH/s'],
    [120e12, 481e12, '120 TH/s'],
    [0, 0, '0 H/s'],
    [1e6, 48e12, '0.0000 TH/s'],
  ])('error %d of %d', (error, rate, words) => expect(text(errorOf(error, rate))).toBe(words))

  test.each([
    [999_999, '999,999 '],
    [1_843_977, '1.84 M'],
    [3_132_289_666, '3.13 G'],
  ])('count %d', (value, words) => expect(text(countOf(value))).toBe(words))

  test('whole numbers in groups, of any length', () => {
    expect(integer(1_042_311)).toBe('1,042,311')
    expect(integer('123456789012345678901234567890')).toBe('123,456,789,012,345,678,901,234,567,890')
    expect(integer(0)).toBe('0')
  })

  test.each([
    [0, '0.0 %'],
    [0.0001, '< 0.1 %'],
    [0.371, '37.1 %'],
    [1, '100 %'],
    [2.4, '240 %'],
  ])('%d as percent', (ratio, words) => expect(percent(ratio)).toBe(words))

  test.each([
    [-5000, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h'],
    [200_000_000, '2 d'],
  ])('%d ms', (ms, words) => expect(duration(ms)).toBe(words))

  test('times are relative with the absolute on hover', async () => {
    expect(String(await timeAgo(1_790_000_000_000, 1_790_000_042_000))).toBe(
      '<time datetime="2026-09-21T14:13:20.000Z" title="2026-09-21 14:13:20 UTC" data-ago>42 s ago</time>',
    )
  })

  test('exact values are on hover', async () => {
    expect(String(await hashrate('48213000000000'))).toContain('title="48,213,000,000,000 hashes a second"')
  })

  test('long text is cut for eyes only', async () => {
    const whole = 'DsRz4pqcmzjcuLdV9Bh8MSVNwJsNBLACAgz'
    expect(String(await shortened(whole, 4, 4))).toContain('DsRz…CAgz')
    expect(String(await shortened(whole, 4, 4))).toContain(`<span class="unseen">${whole}</span>`)
    expect(String(await shortened('short', 4, 4))).not.toContain('…')
  })
})
