import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import {
  type ConnectionString,
  isConnectionString,
  parseConnectionString,
} from '../../../../adapters/event-store/eventstoredb/connection-string.ts'

const parsed = (url: string): ConnectionString => {
  const result = parseConnectionString(url)
  if (E.isLeft(result)) throw new Error(result.left)
  return result.right
}
const refusal = (url: string): string => {
  const result = parseConnectionString(url)
  if (E.isRight(result)) throw new Error('it is taken')
  return result.left
}

test('a node, with everything at its default', () => {
  expect(parsed('esdb://db')).toEqual({
    name: 'esdb://db',
    target: { kind: 'node', endpoint: { address: 'db', port: 2113 } },
    tls: { caFile: null, userCertificateFile: null, userKeyFile: null },
    credentials: null,
    streamPrefix: 'lodebook',
    settings: {},
  })
})

test('a cluster with a user, an authority and keys in any case', () => {
  const url =
    'kurrentdb://pool:p%40ss%3Aw%2Frd@a:1113,b,[::1]:3113/?TLSCAFile=%2Fetc%2Fca.crt&keepaliveInterval=15000&streamPrefix=pool.2'
  expect(parsed(url)).toMatchObject({
    name: 'esdb://a:1113,b,[::1]:3113',
    target: {
      kind: 'cluster',
      endpoints: [
        { address: 'a', port: 1113 },
        { address: 'b', port: 2113 },
        { address: '[::1]', port: 3113 },
      ],
    },
    tls: { caFile: '/etc/ca.crt' },
    credentials: { username: 'pool', password: 'p@ss:w/rd' },
    streamPrefix: 'pool.2',
    settings: { keepAliveInterval: 15_000 },
  })
})

test('a name behind which DNS has a cluster', () => {
  expect(parsed('esdb+discover://cluster.example.org')).toMatchObject({
    name: 'esdb+discover://cluster.example.org',
    target: { kind: 'discover', endpoint: { address: 'cluster.example.org', port: 2113 } },
  })
})

test('without TLS', () => {
  expect(parsed('esdb://127.0.0.1:2113?tls=false').tls).toBeNull()
})

test('which addresses are connection strings', () => {
  for (const url of ['esdb://x', 'esdb+discover://x', 'kurrentdb://x', 'kurrent://x', 'kdb+discover://x'])
    expect(isConnectionString(url)).toBe(true)
  for (const url of ['sqlite:x', 'postgres://x', 'esdbx://y']) expect(isConnectionString(url)).toBe(false)
})

describe('what is refused', () => {
  test.each([
    ['esdb:/db', 'not of the form'],
    ['esdb://', 'not of the form'],
    ['esdb://db:port', 'db:port is not a list of host:port'],
    ['esdb://db:99999', 'not a list of host:port'],
    ['esdb://a,,b', 'not a list of host:port'],
    ['esdb+discover://a,b', 'there is one name'],
    ['esdb://admin@db', 'user:password'],
    ['esdb://admin:a:b@db', 'user:password'],
    ['esdb://admin:%zz@db', 'user:password'],
    ['esdb://db?tls=maybe', 'tls=maybe is neither true nor false'],
    ['esdb://db?tls', 'tls has no value'],
    ['esdb://db?colour=blue', 'there is no key colour; there are tls, connectionName'],
    ['esdb://db?keepAliveInterval=10', 'keepAliveInterval=10 is not a whole number from 10000'],
    ['esdb://db?tlsVerifyCert=false', 'tlsCAFile'],
    ['esdb://db?throwOnAppendFailure=false', 'always an error'],
    ['esdb://db?nodePreference=follower', 'leader'],
    ['esdb://admin:changeit@db?tls=false', 'only ever sent over TLS'],
    ['esdb://db?tls=false&tlsCAFile=/ca.crt', 'contradict'],
    ['esdb://db?userCertFile=/a', 'belong together'],
    ['esdb://db?streamPrefix=a:b', 'streamPrefix has'],
    ['esdb://db?streamPrefix=a-b', 'streamPrefix has'],
  ])('%s', (url, sentence) => {
    expect(refusal(url)).toContain(sentence)
  })

  test('never with the password in the sentence', () => {
    for (const url of [
      'esdb://admin:hunter2@',
      'esdb://admin:hunter2:x@db',
      'esdb://admin:hunter2@db?tls=false',
    ])
      expect(refusal(url)).not.toContain('hunter2')
  })
})
