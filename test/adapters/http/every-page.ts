import { exampleAddress, exampleHash, HOSTILE_NAME } from './pool-example.ts'

/** Every kind of page of the example pool, by its name. */
export const examplePages: readonly (readonly [string, string])[] = [
  ['Pool', '/'],
  ['Pool of an hour', '/?range=1h'],
  ['Miners', '/miners'],
  ['Miner', `/miners/${exampleAddress(0)}`],
  ['Worker', `/miners/${exampleAddress(0)}/worker?name=rig1`],
  [
    'Worker with a hostile name',
    `/miners/${exampleAddress(0)}/worker?name=${encodeURIComponent(HOSTILE_NAME)}`,
  ],
  ['Blocks', '/blocks'],
  ['Block', `/blocks/${exampleHash(3)}`],
  ['Payments', '/payments'],
  ['Payment', '/payments/9'],
  ['Payment that was taken back', '/payments/6'],
  ['Ledger', '/ledger'],
  ['Entries', '/ledger-entries'],
  ['Entry with shares', '/ledger-entries/900'],
  ['Entry with a hostile name', '/ledger-entries/4'],
  ['Share', '/shares/900/1'],
  ['Books', '/books'],
  ['Search', '/search?q=rig1'],
  ['Search in vain', `/search?q=${encodeURIComponent('<b>nothing</b>')}`],
  ['Connect', '/connect'],
  ['Connect with an address', `/connect?address=${exampleAddress(0)}&worker=rig1`],
  ['Connect with mistakes', '/connect?address=nonsense&worker=a%20b&d=0&port=tls'],
  ['API', '/api'],
  ['Nothing', '/nowhere'],
]

/** Their addresses. */
export const everyPage = (): readonly string[] => examplePages.map(([, path]) => path)
