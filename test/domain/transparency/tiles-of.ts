import { TILE_WIDTH } from '../../../domain/transparency/tile.ts'

/** The tiles of one level of a tree. `partialWidth` is that of the tile after the full ones; 0 when there is none. */
export interface TileLevel {
  readonly level: number
  readonly fullTiles: number
  readonly partialWidth: number
}

/** The tiles that a tree of a size has, counted level by level. */
export function tilesOf(size: number): readonly TileLevel[] {
  const levels: TileLevel[] = []
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    levels.push({ level, fullTiles: Math.floor(hashes / TILE_WIDTH), partialWidth: hashes % TILE_WIDTH })
  }
  return levels
}
