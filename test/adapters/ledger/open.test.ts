import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { openLedger } from '../../../adapters/ledger/open.ts'

test.each([
  ['https://pool.example/ledger', 'https://pool.example/ledger'],
  ['http://127.0.0.1:8080/ledger/', 'http://127.0.0.1:8080/ledger/'],
  ['/var/lib/lodebook/ledger', '/var/lib/lodebook/ledger'],
  ['data/ledger', 'data/ledger'],
  ['C:\\lodebook\\ledger', 'C:\\lodebook\\ledger'],
  ['file:///var/lib/lodebook/ledger', '/var/lib/lodebook/ledger'],
])('%s is a ledger', (address, name) => {
  const opened = openLedger(address)
  expect(E.isRight(opened) && opened.right.name).toBe(name)
})

test.each([
  ['', 'Give the address of a ledger: a folder, or a URL such as https://pool.example/ledger.'],
  ['https://', '"https://" is no URL. It looks like https://pool.example/ledger.'],
  ['ftp://pool.example/ledger', 'A ledger is read from http, https, file or a folder, not from "ftp:".'],
  [
    'https://me:secret@pool.example/ledger',
    'The address of a ledger has no user, no password and nothing after "?" or "#": files are found below it.',
  ],
  [
    'https://pool.example/ledger?x=1',
    'The address of a ledger has no user, no password and nothing after "?" or "#": files are found below it.',
  ],
])('"%s" is none', (address, message) => {
  expect(openLedger(address)).toEqual(E.left(message))
})
