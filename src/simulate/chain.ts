import { mkdirSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { payableAddress, paymentScript } from '../../domain/decred/address.ts'
import { networks } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { openBlockFile } from '../devnet/block-file.ts'
import { Chain } from '../devnet/chain.ts'
import { DEMO_MINING_ADDRESS, DEMO_PASSPHRASE, DEMO_SEED } from '../devnet/demo-key.ts'
import { DevnetNode } from '../devnet/node.ts'
import { chainParameters } from '../devnet/parameters.ts'
import { Keys } from '../devnet/wallet/keys.ts'
import { openPublishedFile } from '../devnet/wallet/published-file.ts'
import { DevnetWallet } from '../devnet/wallet/wallet.ts'
import type { Chance } from './chance.ts'

/** A chain for a simulated pool, whose rewards go to its wallet. */
export interface SimulatedChain {
  readonly devnet: DevnetNode
  readonly wallet: DevnetWallet
  readonly close: () => void
}

/** What a simulated chain is made with. */
export interface ChainSettings {
  readonly powAlgorithm: PowAlgorithm
  /** Of every block; 1 is the least. */
  readonly difficulty: number
  /** Where it is kept, as a devnet keeps it; null forgets it. */
  readonly directory: string | null
  readonly nowMs: () => number
  readonly chance: Chance
}

/** Derived once: that takes a while. */
const keys = new Keys(DEMO_SEED)

/** Begins a chain with its first block, which pays no miner. */
export async function beginChain(settings: ChainSettings): Promise<SimulatedChain> {
  const { powAlgorithm, difficulty, directory, nowMs, chance } = settings
  if (directory !== null) mkdirSync(directory, { recursive: true })
  const parameters = chainParameters({ powAlgorithm, startDifficulty: difficulty, retarget: false })
  const blocks = directory === null ? undefined : openBlockFile(directory, parameters)
  const published = directory === null ? undefined : openPublishedFile(directory)
  const random = (count: number): Uint8Array => chance.bytes(count)
  const chain = new Chain({
    parameters,
    clock: nowMs,
    file: blocks,
  })
  const devnet = new DevnetNode({ chain, script: scriptOf(DEMO_MINING_ADDRESS), random })
  await devnet.generate(1)
  const wallet = new DevnetWallet({
    node: devnet,
    keys,
    accounts: ['default'],
    passphrase: DEMO_PASSPHRASE,
    file: published,
    clock: nowMs,
    random,
  })
  return {
    devnet,
    wallet,
    close: () => {
      devnet.stop()
      blocks?.close()
      published?.close()
    },
  }
}

function scriptOf(address: string): Uint8Array {
  const payable = payableAddress(address, networks.simnet)
  if (E.isLeft(payable)) throw new Error(payable.left.message)
  return paymentScript(payable.right)
}
