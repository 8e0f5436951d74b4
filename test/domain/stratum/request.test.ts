import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { decodeRequest } from '../../../domain/stratum/request.ts'
import { errorLine, RECONNECT_LINE, resultLine, trueLine } from '../../../domain/stratum/response.ts'
import { parseUser, wishedDifficulty } from '../../../domain/stratum/user.ts'

const decoded = (line: string) => {
  const request = decodeRequest(line)
  return E.isRight(request) ? request.right : expect.fail(request.left.error.text)
}
const refused = (line: string) => {
  const request = decodeRequest(line)
  return E.isLeft(request) ? request.left : expect.fail(`taken as ${JSON.stringify(request.right)}`)
}

describe('what miners say', () => {
  test('a share', () => {
    const line =
      '{"id":4,"method":"mining.submit","params":["w","j","01000000","05ec705e","01000000","extra"]}'
    expect(decoded(line)).toEqual({
      method: 'mining.submit',
      id: 4,
      submission: { worker: 'w', job: 'j', extranonce2: '01000000', ntime: '05ec705e', nonce: '01000000' },
    })
  })

  test.each([
    ['{"id":1,"method":"mining.subscribe","params":["a/1"]}', 'a/1', null],
    ['{"id":1,"method":"mining.subscribe","params":["a/1","abc","pool.example",3333]}', 'a/1', 'abc'],
    ['{"id":1,"method":"mining.subscribe","params":["a/1",null]}', 'a/1', null],
    ['{"id":1,"method":"mining.subscribe","params":[]}', '', null],
    ['{"id":1,"method":"mining.subscribe"}', '', null],
  ])('%s', (line, agent, session) => {
    expect(decoded(line)).toEqual({ method: 'mining.subscribe', id: 1, agent, session })
  })

  test('a password of any kind, or none', () => {
    const authorize = (params: string) => decoded(`{"id":2,"method":"mining.authorize","params":${params}}`)
    expect(authorize('["u"]')).toMatchObject({ user: 'u', password: '' })
    expect(authorize('["u",null]')).toMatchObject({ user: 'u', password: '' })
    expect(authorize('["u",7]')).toMatchObject({ user: 'u', password: '' })
    expect(authorize('["u","d=8"]')).toMatchObject({ user: 'u', password: 'd=8' })
  })

  test.each([
    ['"7"', '7'],
    ['"a b"', 'a b'],
    ['0', 0],
    ['-3', -3],
    ['null', null],
    ['{"a":1}', null],
    ['[1]', null],
    ['true', null],
  ])('id %s is answered as %j', (text, id) => {
    expect(decoded(`{"id":${text},"method":"mining.ping","params":[]}`).id).toEqual(id)
  })

  test('a missing id', () => {
    expect(decoded('{"method":"mining.ping"}').id).toBeNull()
  })

  test('an answer to something the pool asked', () => {
    expect(decoded('{"id":9,"result":"lodebook/1","error":null}')).toMatchObject({
      method: 'response',
      id: 9,
    })
  })
})

describe('what is refused', () => {
  test.each([
    'hello',
    '',
    '[]',
    '"text"',
    '42',
    'null',
    '{"id":1}',
    '{"id":1,"method":7}',
    '{"a":'.repeat(600),
    '{"id":1,"method":"mining.ping"',
  ])('%s is garbage', (line) => {
    expect(refused(line)).toMatchObject({ what: 'garbage', error: { code: 20 } })
  })

  test('an unknown method keeps its id and is not garbage', () => {
    expect(refused('{"id":"x","method":"mining.configure","params":[]}')).toEqual({
      id: 'x',
      error: { code: 20, text: 'unknown method mining.configure' },
      what: 'request',
    })
  })

  test.each([
    '{"id":1,"method":"mining.submit","params":["w","j","e","t"]}',
    '{"id":1,"method":"mining.submit","params":["w","j","e","t",7]}',
    '{"id":1,"method":"mining.submit","params":{"worker":"w"}}',
  ])('%s is no share, and counted as one that is refused', (line) => {
    expect(refused(line)).toMatchObject({ id: 1, what: 'share' })
  })

  test.each([
    '{"id":1,"method":"mining.ping","params":{"0":1}}',
    '{"id":1,"method":"mining.authorize","params":[]}',
    '{"id":1,"method":"mining.authorize","params":[7]}',
    '{"id":1,"method":"mining.subscribe","params":[{}]}',
    '{"id":1,"method":"mining.suggest_difficulty","params":[0]}',
    '{"id":1,"method":"mining.suggest_difficulty","params":["8"]}',
  ])('%s', (line) => {
    expect(refused(line)).toMatchObject({ id: 1, what: 'request' })
  })

  test('nothing makes it throw', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => void decodeRequest(line)))
    fc.assert(
      fc.property(
        fc.constantFrom(
          'mining.submit',
          'mining.subscribe',
          'mining.authorize',
          'mining.suggest_difficulty',
          '__proto__',
        ),
        fc.jsonValue(),
        fc.jsonValue(),
        (method, id, params) => void decodeRequest(JSON.stringify({ id, method, params })),
      ),
    )
  })
})

test('answers are lines of dcrpool order, and hostile text stays inside its string', () => {
  expect(trueLine(3)).toBe('{"id":3,"error":null,"result":true}\n')
  expect(trueLine('a"\n')).toBe('{"id":"a\\"\\n","error":null,"result":true}\n')
  expect(errorLine(null, { code: 21, text: 'Stale "job"\n' })).toBe(
    '{"id":null,"error":[21,"Stale \\"job\\"\\n",null],"result":false}\n',
  )
  expect(resultLine(1, [])).toBe('{"id":1,"error":null,"result":[]}\n')
})

/** cgminer and sgminer refuse every address without the domain of the pool's, also the empty one; gominer dials an empty one for ever. */
test('a miner that is asked to come back is told no address', () => {
  const { method, params } = JSON.parse(RECONNECT_LINE)
  expect([method, params]).toEqual(['client.reconnect', []])
})

test('user names: an address, and perhaps a worker with dots of its own', () => {
  expect(parseUser('Ds1')).toEqual({ address: 'Ds1', worker: '' })
  expect(parseUser(' Ds1 . rig.a ')).toEqual({ address: 'Ds1', worker: 'rig.a' })
})

test.each([
  ['d=1024', 1024],
  ['x,d=7', 7],
  ['x d=512.9', 512],
  ['d=0', null],
  ['id=5', null],
  ['d=5x', null],
  ['', null],
])('password %s asks for difficulty %s', (password, difficulty) => {
  expect(wishedDifficulty(password)).toBe(difficulty)
})
