import { blockHash, headerHeight, previousBlock } from '../../domain/decred/header.ts'
import type { ChainTip, NodeEvent } from './port.ts'

/** A block joined or left the main chain. */
export type BlockChange = Extract<NodeEvent, { readonly kind: 'block-connected' | 'block-disconnected' }>

/** What a change does to the tip: from a hash to a tip. On any other tip than `from` it can't have happened. */
export function tipChange({ kind, header }: BlockChange): { readonly from: string; readonly to: ChainTip } {
  const block = { hash: blockHash(header), height: headerHeight(header) }
  const parent = { hash: previousBlock(header), height: block.height - 1 }
  return kind === 'block-connected' ? { from: parent.hash, to: block } : { from: block.hash, to: parent }
}
