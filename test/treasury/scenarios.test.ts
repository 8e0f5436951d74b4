import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { afterEach, describe, expect, test } from 'vitest'
import type { WalletError } from '../../adapters/wallet/port.ts'
import { liabilities } from '../../domain/bookkeeping/invariants.ts'
import { balanceOf } from '../../domain/bookkeeping/ledger.ts'
import { accountId, encodeAddress } from '../../domain/decred/address.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import { networks } from '../../domain/decred/network.ts'
import { decodeTransaction, encodeTransaction, transactionId } from '../../domain/decred/transaction.ts'
import { event } from '../../domain/events.ts'
import { FEE_ADDRESS, MATURITY, minerAccountId, minerAddress, POLICY, World } from './world.ts'

const worlds: World[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.kill()
})

async function open(policy: Partial<typeof POLICY> = {}, miners = 3): Promise<World> {
  const world = await World.open(policy, miners)
  worlds.push(world)
  return world
}

/** A block by miner 0, shared by 0, 1 and 2, and mature. */
async function matureBlock(world: World): Promise<string> {
  await world.shares([0, 1, 2, 0])
  const hash = await world.find(0)
  await world.others(MATURITY + 1)
  return hash
}

/** Goes on, a block at a time, until all payouts are over. */
async function untilPaid(world: World, blocks = 12): Promise<void> {
  for (let i = 0; i < blocks; i++) {
    await world.settle()
    await world.check()
    await world.others(1)
  }
  await world.settle()
}

const problemsOf = ({ treasury }: World) =>
  treasury?.status().problems.map(({ about, kind }) => `${about}: ${kind}`) ?? []

describe('what a wallet may do wrong', () => {
  test('it signs other outputs, leaves an input unsigned, or another transaction: refused with a sentence, and paid when it is mended', async () => {
    const world = await open()
    let fault: 'outputs' | 'unsigned' | 'id' | 'away' | null = 'outputs'
    const sign = world.walletPort().sign
    world.answers.sign = (bytes: Uint8Array) =>
      TE.chainEitherK((signed: { readonly id: string; readonly bytes: Uint8Array }) => {
        const read = decodeTransaction(signed.bytes)
        if (E.isLeft(read)) throw new Error('no transaction')
        const { outputs, inputs } = read.right
        const made = (transaction: typeof read.right) =>
          E.right({ id: transactionId(transaction), bytes: encodeTransaction(transaction) })
        switch (fault) {
          case 'outputs':
            return made({
              ...read.right,
              outputs: outputs.map((output, i) =>
                i === 0 ? { ...output, atoms: output.atoms - 1n } : output,
              ),
            })
          case 'unsigned':
            return made({
              ...read.right,
              inputs: inputs.map((input) => ({ ...input, signatureScript: new Uint8Array(0) })),
            })
          case 'id':
            return E.right({ ...signed, id: 'ab'.repeat(32) })
          case 'away':
            return E.left<WalletError>({ kind: 'away', message: 'The wallet is away.' })
          case null:
            return E.right(signed)
        }
      })(sign(bytes))
    await matureBlock(world)
    world.start()
    for (const [next, kind] of [
      ['outputs', 'output-missing'],
      ['unsigned', 'input-unsigned'],
      ['id', 'other-id'],
      ['away', 'away'],
    ] as const) {
      fault = next
      await world.settle()
      expect(problemsOf(world)).toEqual([`payout 0: ${kind}`])
      expect(await world.phases()).toEqual(['approved'])
      await world.check()
    }
    expect(world.published).toEqual([])
    fault = null
    await untilPaid(world)
    expect(problemsOf(world)).toEqual([])
    expect(await world.phases()).toEqual(['confirmed'])
  })

  test('it leaves one input of several unsigned: refused with a sentence, and nothing is published', async () => {
    // Three blocks are mature before the first run: it spends several coinbases.
    const world = await open()
    for (let i = 0; i < 3; i++) await world.find(i)
    await world.others(8)
    let isWhole = false
    const sign = world.walletPort().sign
    world.answers.sign = (bytes: Uint8Array) =>
      TE.map((signed: { readonly id: string; readonly bytes: Uint8Array }) => {
        const read = decodeTransaction(signed.bytes)
        if (E.isLeft(read)) throw new Error('no transaction')
        const { inputs } = read.right
        expect(inputs.length).toBeGreaterThan(1)
        const last = inputs.length - 1
        const some = inputs.map((input, i) =>
          i < last ? input : { ...input, signatureScript: new Uint8Array(0) },
        )
        return isWhole ? signed : { ...signed, bytes: encodeTransaction({ ...read.right, inputs: some }) }
      })(sign(bytes))
    world.start()
    await world.settle()
    const [problem] = world.treasury?.status().problems ?? []
    expect(problem?.message).toMatch(
      /^Payout 0 is not signed as planned, and stays planned: Input \d+ is not signed: the wallet has no key for it, or is locked\. Check the wallet\.$/,
    )
    expect(world.published).toEqual([])
    isWhole = true
    await untilPaid(world, 4)
    expect(await world.phases()).toEqual(['confirmed'])
  })

  test('it can not pay one address: the others are paid, its balance stays', async () => {
    const world = await open()
    world.answers.ownerOf = (address: string) =>
      TE.right({ kind: address === minerAddress(1) ? 'invalid' : 'other' })
    await matureBlock(world)
    world.start()
    await untilPaid(world)
    expect(world.onChain(minerAddress(0))).toBeGreaterThan(0n)
    expect(world.onChain(minerAddress(1))).toBe(0n)
    const { books } = await world.records()
    expect(balanceOf(books.balances, `miner:${minerAccountId(1)}:available`)).toBeGreaterThan(0n)
  })

  test('it can spend too little: those with the least are paid, the others when there is more', async () => {
    const world = await open()
    const { unspent } = world.walletPort()
    let least: bigint | null = 150_000_000n
    world.answers.unspent = (account: string, confirmations: number) =>
      TE.map((outputs: readonly { readonly atoms: bigint }[]) =>
        least === null ? outputs : outputs.filter(({ atoms }) => atoms <= (least ?? 0n)),
      )(unspent(account, confirmations))
    await matureBlock(world)
    world.start()
    await world.settle()
    expect(problemsOf(world)).toEqual(['payouts: too-little-spendable'])
    expect(await world.phases()).toEqual([])
    least = null
    await untilPaid(world)
    expect(problemsOf(world)).toEqual([])
    expect(await world.phases()).toEqual(['confirmed'])
  })

  test('it does not know the coinbases: said so', async () => {
    const world = await open()
    world.answers.unspent = () => TE.right([])
    world.answers.coinbase = () =>
      TE.left({ kind: 'unknown-coinbase', message: 'It does not know the coinbase.' })
    await matureBlock(world)
    world.start()
    await world.settle()
    expect(problemsOf(world)).toEqual(['payouts: unknown-coinbase'])
  })

  for (const kind of ['away', 'locked', 'wrong-passphrase', 'not-synced', 'wrong-network'] as const)
    test(`${kind}: nothing is planned, everything when it has passed`, async () => {
      const world = await open()
      let fault = true
      const { tip } = world.walletPort()
      world.answers.tip = () => (fault ? TE.left({ kind, message: `The wallet: ${kind}.` }) : tip())
      await matureBlock(world)
      world.start()
      await world.settle()
      expect(problemsOf(world)).toEqual([`payouts: ${kind}`])
      expect(world.walletErrors).toContain(kind)
      fault = false
      await untilPaid(world)
      expect(problemsOf(world)).toEqual([])
      expect(await world.phases()).toEqual(['confirmed'])
    })

  test('it is behind the node: nothing is planned before it has caught up', async () => {
    const world = await open()
    world.answers.tip = () => TE.right({ hash: '00'.repeat(32), height: world.node.chain.tip.height - 1 })
    await matureBlock(world)
    world.start()
    await world.settle()
    expect(problemsOf(world)).toEqual(['payouts: not-synced'])
    expect(await world.phases()).toEqual([])
  })

  test('it loses its answer after publishing: published again, one transaction', async () => {
    const world = await open()
    const { publish } = world.walletPort()
    let losses = 2
    world.answers.publish = (bytes: Uint8Array) =>
      TE.chainEitherK((id: string) =>
        losses-- > 0 ? E.left<WalletError>({ kind: 'timeout', message: 'No answer.' }) : E.right(id),
      )(publish(bytes))
    await matureBlock(world)
    world.start()
    await untilPaid(world)
    expect(world.published.length).toBeGreaterThan(2)
    expect(new Set(world.published).size).toBe(1)
    expect(await world.phases()).toEqual(['confirmed'])
  })
})

describe('what the chain may do', () => {
  /** A world with one payout that is published and in no block yet. */
  async function published(policy: Partial<typeof POLICY> = {}): Promise<World> {
    const world = await open(policy)
    await matureBlock(world)
    world.start()
    await world.settle()
    expect(await world.phases()).toEqual(['published'])
    return world
  }

  /** A world with one payout that is published and spends the reward of a block that another branch has just displaced. */
  async function unfundedPayout() {
    const world = await open()
    await world.shares([0, 1])
    const blocks: string[] = []
    // All coinbases are the pool's, so it can spend nothing else.
    for (let i = 0; i <= MATURITY; i++) blocks.push(await world.find(0))
    world.start()
    await world.settle()
    expect(await world.phases()).toEqual(['published'])
    const first = world.node.chain.get(blocks[0] ?? '')
    if (first === undefined) throw new Error('no block')
    world.node.invalidate(first)
    await world.others(MATURITY)
    await world.settle()
    const [signed] = await world.events('PayoutSigned')
    return { world, first, signed: signed?.transaction ?? '' }
  }

  test('the node forgets the transaction: it is published again with the next block', async () => {
    const world = await published()
    world.node.forgetTransactions()
    await world.others(1)
    await untilPaid(world, 4)
    expect(await world.phases()).toEqual(['confirmed'])
    expect(new Set(world.published).size).toBe(1)
  })

  test('the block with the payout is disapproved: it goes into a later one, and pays once', async () => {
    const world = await published()
    await world.others(1)
    world.node.count({ approves: false })
    await world.others(1)
    await world.settle()
    expect(await world.phases()).toEqual(['published'])
    expect(world.onChain(minerAddress(0))).toBe(0n)
    await untilPaid(world, 6)
    expect(await world.phases()).toEqual(['confirmed'])
    await world.check()
  })

  test('the branch with the payout is left: it goes into the other one, and pays once', async () => {
    const world = await published({ payoutConfirmations: 4 })
    await world.others(2)
    await world.settle()
    await world.node.reorganize(2)
    await world.follow()
    await untilPaid(world, 8)
    expect(await world.phases()).toEqual(['confirmed'])
    await world.check()
  })

  test('the block that confirmed it leaves the chain: said so, at a start too, and no event; it passes when the block is back', async () => {
    const world = await published()
    await untilPaid(world, 4)
    expect(await world.phases()).toEqual(['confirmed'])
    const [confirmed] = await world.events('PayoutConfirmed')
    const block = world.node.chain.get(confirmed?.block ?? '')
    if (block === undefined) throw new Error('no block')
    world.node.invalidate(block)
    const before = await world.head()
    for (let start = 0; start < 2; start++) {
      await world.settle()
      expect(problemsOf(world)).toEqual(['payout 0: confirmation-lost'])
      await world.kill()
      world.start()
    }
    world.node.reconsider(block)
    await world.settle()
    expect(problemsOf(world)).toEqual([])
    expect(await world.head()).toBe(before)
  })

  test('somebody else spends its money: alarm, nothing more is paid, and only deep in the chain the money goes back', async () => {
    const world = await published({ payoutConfirmations: 3 })
    world.wallet.doubleSpend(world.published[0] ?? '')
    await world.others(1)
    await world.settle()
    expect(problemsOf(world)).toEqual(['payout 0: conflict'])
    expect(world.treasury?.status().problems[0]?.message).toContain('spends its money')
    expect(await world.phases()).toEqual(['published'])
    await world.others(1)
    await world.settle()
    expect(await world.phases()).toEqual(['published'])
    await world.others(1)
    await world.settle()
    expect((await world.events('PayoutReturned')).map(({ why }) => why)).toEqual(['conflict'])
    // The thief took the coinbase: there is nothing to pay with until the next one.
    await matureBlock(world)
    await untilPaid(world, 14)
    expect((await world.phases()).filter((phase) => phase === 'confirmed').length).toBeGreaterThan(0)
    await world.check()
  })

  test('the reward that it spends leaves the chain: said so; put back by order alone, once the block is given up, and paid from others', async () => {
    const { world, signed } = await unfundedPayout()
    const published = world.published.length
    expect(problemsOf(world)).toEqual(['payout 0: funding-away'])
    expect(world.treasury?.status().problems[0]?.message).toContain('which has left the chain')
    const refused = await world.treasury?.reject(0)
    expect(refused).toMatchObject(
      E.left(expect.stringContaining('nothing shows that what is signed is never paid')),
    )
    expect(await world.phases()).toEqual(['published'])
    await world.others(MATURITY + 1)
    await world.settle()
    expect(problemsOf(world)).toEqual(['payout 0: funding-lost'])
    expect(world.treasury?.status().problems[0]?.message).toContain('lodebook payout reject 0')
    expect(world.published.length).toBe(published)
    expect(await world.phases()).toEqual(['published'])

    expect(await world.treasury?.reject(0)).toEqual(E.right(undefined))
    expect((await world.events('PayoutReturned')).map(({ why }) => why)).toEqual(['funding-lost'])
    expect(problemsOf(world)).not.toContain('payout 0: funding-lost')
    expect(await world.treasury?.reject(0)).toEqual(E.left('There is no open payout 0.'))
    await matureBlock(world)
    await untilPaid(world, 14)
    const paid = (await world.events('PayoutSigned')).map(({ transaction }) => transaction)
    expect(paid.slice(1)).not.toContain(signed)
    expect(await world.phases()).toContain('confirmed')
    await world.check()
  })

  test('the reward that it spends comes back: the payout goes on', async () => {
    const { world, first, signed } = await unfundedPayout()
    world.node.reconsider(first)
    await world.others(1)
    await untilPaid(world, 6)
    expect(problemsOf(world)).toEqual([])
    expect((await world.phases())[0]).toBe('confirmed')
    expect((await world.events('PayoutSigned'))[0]?.transaction).toBe(signed)
    await world.check()
  })

  test('a node that has not come as far as the reward shows nothing, and nothing can be put back', async () => {
    const { world, first } = await unfundedPayout()
    const other = world.node.chain.at(first.height)
    if (other === undefined) throw new Error('no block')
    world.node.invalidate(other)
    await world.settle()
    expect(world.node.chain.tip.height).toBe(first.height - 1)
    expect(problemsOf(world)).toEqual(['payout 0: double-spend'])
    expect(await world.treasury?.reject(0)).toEqual(
      E.left('Payout 0 is published: there is nothing to decide.'),
    )
  })

  test('the money of a plan that waits is spent: it goes back at once', async () => {
    const world = await open({ payoutMode: 'manual' })
    await matureBlock(world)
    world.start()
    await world.settle()
    expect(await world.phases()).toEqual(['planned'])
    await world.spendEverything()
    await world.others(1)
    await world.settle()
    expect((await world.events('PayoutReturned')).map(({ why }) => why)).toEqual(['funding-gone'])
    await world.check()
  })

  test('a block is lost after it was mature and paid: the reserve carries it, visibly, and nobody else', async () => {
    const world = await open()
    const hash = await matureBlock(world)
    world.start()
    await untilPaid(world, 4)
    const before = world.onChain(minerAddress(0))
    await world.append(`block-${hash}`, event('BlockDisconnected', { v: 1, at: world.nowMs() }))
    await world.settle()
    const { books } = await world.records()
    expect((await world.events('RewardReversed')).map(({ why }) => why)).toEqual(['disconnected'])
    const { reserve, available, immature, inPayout } = liabilities(books)
    expect([available, immature, inPayout]).toEqual([0n, 0n, 0n])
    expect(reserve).toBeLessThan(0n)
    expect(world.onChain(minerAddress(0))).toBe(before)
  })

  test('a block is lost before it was mature: shared, taken back, and shared again when it returns', async () => {
    const world = await open()
    world.start()
    await world.shares([0, 1])
    const hash = await world.find(0)
    await world.others(1)
    await world.settle()
    const block = world.node.chain.get(hash)
    if (block === undefined) throw new Error('no block')
    world.node.invalidate(block)
    await world.others(1)
    await world.settle()
    expect((await world.records()).books.balances.size).toBe(0)
    world.node.reconsider(block)
    await world.follow()
    await untilPaid(world)
    expect((await world.events('RewardAllocated')).length).toBe(2)
    expect(world.onChain(minerAddress(0))).toBeGreaterThan(0n)
  })
})

describe('an operator decides', () => {
  test('a plan waits until it is approved, also through a restart', async () => {
    const world = await open({ payoutMode: 'manual' })
    await matureBlock(world)
    world.start()
    await world.settle()
    await world.others(3)
    await world.kill()
    world.start()
    await world.settle()
    expect(await world.phases()).toEqual(['planned'])
    expect(world.published).toEqual([])
    expect(await world.treasury?.approve(7)).toEqual(E.left('There is no open payout 7.'))
    expect(await world.treasury?.approve(0)).toEqual(E.right(undefined))
    await untilPaid(world, 4)
    expect(await world.phases()).toEqual(['confirmed'])
    expect(await world.treasury?.approve(0)).toEqual(E.left('There is no open payout 0.'))
  })

  test('plans that wait spend different money, and are all paid', async () => {
    const world = await open({ payoutMode: 'manual' })
    world.start()
    for (let plans = 1; plans <= 5; plans++) {
      await matureBlock(world)
      await world.settle()
      expect(await world.phases()).toEqual(Array.from({ length: plans }, () => 'planned'))
    }
    for (const payout of [4, 1, 0, 3, 2])
      expect(await world.treasury?.approve(payout)).toEqual(E.right(undefined))
    await untilPaid(world, 4)
    await world.check()
    expect(await world.phases()).toEqual(Array.from({ length: 5 }, () => 'confirmed'))
  })

  test('a plan is rejected: its money is planned again with the next run', async () => {
    const world = await open({ payoutMode: 'manual' })
    await matureBlock(world)
    world.start()
    await world.settle()
    expect(await world.treasury?.reject(0)).toEqual(E.right(undefined))
    await world.others(2)
    await world.settle()
    expect(await world.phases()).toEqual(['returned', 'planned'])
    expect(await world.treasury?.approve(1)).toEqual(E.right(undefined))
    await untilPaid(world, 4)
    await world.check()
    expect(world.onChain(minerAddress(0))).toBeGreaterThan(0n)
  })
})

describe('what stops the writer, and only the writer', () => {
  test('two pools on one log: one of them stops, and what is due is done once', async () => {
    const world = await open()
    await world.shares([0, 1])
    await world.find(0)
    await world.others(1)
    const { append } = world.store
    const slowly: typeof append = (appends) => async () => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      return append(appends)()
    }
    Object.assign(world.store, { append: slowly })
    world.start()
    const first = world.treasury
    world.start()
    const second = world.treasury
    await Promise.all([first?.chainMoved(), second?.chainMoved()])
    await Promise.all([first?.chainMoved(), second?.chainMoved()])
    expect(await world.events('RewardAllocated')).toHaveLength(1)
    const states = [first, second].map((each) => each?.status())
    expect(states.map((each) => each?.state).sort()).toEqual(['ready', 'stopped'])
    expect(states.find((each) => each?.state === 'stopped')?.message).toContain('Let one pool alone have it')
    await first?.stop()
    await second?.stop()
  })

  test('an event in the log that contradicts the books', async () => {
    const world = await open()
    await world.shares([0, 1])
    await world.find(0)
    await world.others(1)
    world.start()
    await world.settle()
    await world.append(
      'settlement-1',
      event('RewardReversed', { v: 1, at: 1, block: 'ab'.repeat(32), why: 'disconnected' }),
    )
    await world.settle()
    expect(world.treasury?.status()).toMatchObject({ state: 'stopped' })
    expect(world.treasury?.status().message).toContain('has no beginning in the log')
    const head = await world.head()
    await world.find(1)
    await world.others(1)
    expect(await world.treasury?.approve(0)).toMatchObject({ _tag: 'Left' })
    await world.settle()
    expect((await world.allEvents()).slice(head).some(({ stream }) => stream.startsWith('settlement'))).toBe(
      false,
    )
    expect(world.fatal.join()).toContain('No money is booked or paid any more')
  })

  test('the store is away, or loses its answers: it waits, and writes once', async () => {
    const world = await open()
    await matureBlock(world)
    world.start()
    world.store.loseNextAnswer()
    const settled = world.settle()
    world.store.goAway()
    await new Promise((resolve) => setTimeout(resolve, 300))
    world.store.comeBack()
    await settled
    await untilPaid(world)
    expect(await world.phases()).toEqual(['confirmed'])
  })
})

describe("dcrpool's faults, through the whole treasury", () => {
  test('wedged by one bad account: one whose address is of another network waits, the others are paid', async () => {
    const world = await open({}, 2)
    const foreign = encodeAddress('public-key-hash-ecdsa', new Uint8Array(20).fill(9), networks.mainnet)
    const account = accountId(foreign)
    await world.append(
      `account-${account}`,
      event('AccountOpened', { v: 1, at: world.nowMs(), address: foreign }),
    )
    await world.append(
      'connection-0.2',
      event('MinerConnected', { v: 1, at: 1, extranonce1: '00000000', listener: 'test', resumes: null }),
      event('WorkerAuthorized', { v: 1, at: 1, account, worker: 'w' }),
    )
    await matureBlock(world)
    world.start()
    await untilPaid(world)
    const { books } = await world.records()
    expect(balanceOf(books.balances, `miner:${account}:available`)).toBeGreaterThan(0n)
    for (const n of [0, 1]) expect(world.onChain(minerAddress(n))).toBeGreaterThan(0n)
    expect(await world.phases()).toEqual(['confirmed'])
  })

  test('wedged by a disapproved block: it pays nobody, the next one is shared and paid out', async () => {
    const world = await open()
    world.start()
    await world.shares([0, 1, 2, 0])
    const lost = await world.find(0)
    world.node.count({ approves: false })
    await world.others(1)
    const next = await world.find(1)
    await world.others(MATURITY + 2)
    await untilPaid(world)
    const { books } = await world.records()
    expect(books.blocks.get(lost)).toMatchObject({ phase: 'disapproved', allocation: null })
    expect((await world.events('RewardAllocated')).map(({ block }) => block)).toEqual([next])
    for (const n of [0, 1, 2]) expect(world.onChain(minerAddress(n))).toBeGreaterThan(0n)
  })

  test('window taken at confirmation: shares between the find and its approval get nothing of it', async () => {
    for (const scheme of [
      { kind: 'pplns', windowPpm: 2_000_000 },
      { kind: 'pplns-time', periodMs: 3_600_000 },
      { kind: 'prop' },
    ] as const) {
      const world = await open({ scheme })
      await world.shares([0, 1])
      await world.find(0)
      await world.shares(Array.from({ length: 50 }, () => 2))
      await world.others(1)
      await world.shares(Array.from({ length: 50 }, () => 2))
      world.start()
      await world.settle()
      const [allocated] = await world.events('RewardAllocated')
      expect(allocated?.account).toEqual([minerAccountId(0), minerAccountId(1)].sort())
      expect(allocated?.window?.shares).toBe(3)
    }
  })
})

describe('by which rules', () => {
  test('a block goes by the policy at its share, also when it is recorded after another was adopted', async () => {
    const world = await open()
    await world.shares([0, 1])
    const hash = await world.find(0)
    await world.adopt({ ...POLICY, feePpm: 500_000 })
    await world.find(1)
    await world.others(1)
    world.start()
    await world.settle()
    const allocated = await world.events('RewardAllocated')
    expect(allocated.map(({ block, fee }) => [block === hash, fee])).toEqual([
      [true, '5000000'],
      [false, '250000000'],
    ])
  })

  test("the pool's fees are paid to their address, the chain's fee by who bears it", async () => {
    for (const feeBearer of ['miners', 'pool'] as const) {
      const world = await open({ feeBearer })
      await matureBlock(world)
      world.start()
      await untilPaid(world)
      const [plan] = await world.events('PayoutPlanned')
      const fee = BigInt(plan?.fee ?? 0)
      const miners = [0, 1, 2].reduce((sum, n) => sum + world.onChain(minerAddress(n)), 0n)
      expect(fee).toBeGreaterThan(0n)
      expect(miners).toBe(495_000_000n - (feeBearer === 'miners' ? fee : 0n))
      expect(world.onChain(FEE_ADDRESS)).toBe(5_000_000n - (feeBearer === 'pool' ? fee : 0n))
    }
  })

  test('nobody is shared with under solo', async () => {
    const world = await open({ scheme: { kind: 'solo' } })
    await matureBlock(world)
    world.start()
    await world.settle()
    expect((await world.allEvents()).some(({ type }) => type === 'RewardAllocated')).toBe(false)
    expect((await world.records()).books.balances.size).toBe(0)
  })

  test('an allocation of 1,200 accounts is in parts, and one of which some are there is continued', async () => {
    const miners = Array.from({ length: 1200 }, (_, n) => n)
    const story = async (world: World): Promise<void> => {
      await world.shares(miners.slice(0, 600))
      await world.shares(miners.slice(600))
      await world.find(0)
      await world.others(1)
    }
    const policy = { scheme: { kind: 'pplns', windowPpm: 100_000_000 } } as const
    const whole = await open(policy, 1200)
    await story(whole)
    whole.start()
    await whole.settle()
    const parts = await whole.events('RewardAllocated')
    expect(parts.map(({ part, parts }) => [part, parts])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ])

    const begun = await open(policy, 1200)
    await story(begun)
    const [first] = parts
    if (first === undefined) throw new Error('no parts')
    await begun.append('settlement-0', event('RewardAllocated', first))
    begun.start()
    await begun.settle()
    const settled = (await begun.allEvents()).filter(({ stream }) => stream.startsWith('settlement'))
    expect(settled.map(({ stream }) => stream)).toEqual(['settlement-0', 'settlement-0', 'settlement-0'])
    expect((await begun.records()).books.balances).toEqual((await whole.records()).books.balances)
  })

  test('pay per share: every share is paid, whatever the pool finds, and the reserve carries it', async () => {
    const world = await open({ scheme: { kind: 'pps', reserve: '100000000000' } })
    world.start()
    await world.shares([0, 0, 0, 1])
    await world.others(1)
    await world.settle()
    const { books } = await world.records()
    // A share of 10 on work of 500 is a fiftieth of 5 DCR less one percent.
    expect(balanceOf(books.balances, `miner:${minerAccountId(0)}:available`)).toBeGreaterThan(29_000_000n)
    expect(balanceOf(books.balances, 'pool:reserve')).toBeLessThan(-39_000_000n)
    await world.find(1)
    await world.others(MATURITY + 2)
    await untilPaid(world)
    expect(world.onChain(minerAddress(0))).toBeGreaterThan(29_000_000n)
    expect(world.onChain(minerAddress(1))).toBeGreaterThan(toAtoms(0n))
    await world.check()
  })
})
