import { readFileSync } from 'node:fs'

interface NoteCase {
  readonly name: string
  readonly note: string
  readonly vkeys: readonly string[]
  readonly valid: boolean
}

interface TileCounts {
  readonly level: number
  readonly fullTiles: number
  readonly partialWidth: number
}

interface ProofCase {
  readonly path: string
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

interface TransparencyVectors {
  readonly rfc6962_constants: {
    readonly leafInputsHex: readonly string[]
    readonly rootHashByTreeSizeHex: readonly string[]
    readonly completeSubtreeHashesByLevelHex: readonly (readonly string[])[]
    readonly hasherSingles: {
      readonly emptyRoot: string
      readonly emptyLeaf: string
      readonly leaf_utf8_L123456: string
      readonly node_utf8_N123_N456: string
    }
  }
  readonly merkle_proof_cases: {
    readonly policyCases: readonly string[]
    readonly groups: {
      readonly inclusion: readonly (ProofCase & {
        readonly leafIdx: number
        readonly treeSize: number
        readonly root: string
        readonly leafHash: string
      })[]
      readonly consistency: readonly (ProofCase & {
        readonly size1: number
        readonly size2: number
        readonly root1: string
        readonly root2: string
      })[]
    }
  }
  readonly signed_notes: {
    readonly cases: readonly NoteCase[]
    readonly mustRejectVkeys: { readonly vkeys: readonly string[] }
  }
  readonly tlog_tiles_layout: {
    readonly published: {
      readonly treeSize70000: readonly TileCounts[]
      readonly treeSize256: readonly TileCounts[]
      readonly index1234067: string
    }
    readonly derivedMore: Readonly<Record<string, readonly TileCounts[]>>
    readonly derivedPaths: Readonly<Record<string, string>>
    readonly goTilePathAccept: readonly string[]
    readonly goTilePathReject: readonly string[]
  }
  readonly checkpoint_body_format: {
    readonly body: string
    readonly rootIsLeafHashOfUtf8: string
    readonly mustReject: readonly string[]
  }
  readonly tlog_proof_format: {
    readonly accept: readonly {
      readonly index: number
      readonly hashes: readonly string[]
      readonly extraBase64?: string
      readonly checkpoint: string
      readonly text: string
    }[]
    readonly reject: readonly string[]
  }
}

/** Published values of Merkle trees, notes, tiles and proofs, with their sources beside them. */
export const transparencyVectors: TransparencyVectors = JSON.parse(
  readFileSync(new URL('../../vectors/transparency.json', import.meta.url), 'utf8'),
)
