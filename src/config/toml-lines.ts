import { parse } from 'smol-toml'

/**
 * Line (from 1) where each key of a valid TOML text is given, by its path: `nodes.0.address`. The parser tells no
 * positions, so it is asked about ever longer beginnings of the text: a key belongs to the statement that ends where it
 * first appears. Quadratic, which for a file of settings is nothing.
 */
export function tomlLines(toml: string): ReadonlyMap<string, number> {
  const lines = toml.split('\n')
  const found = new Map<string, number>()
  let statement = 1
  for (let n = 1; n <= lines.length; n++) {
    const tree = parsed(`${lines.slice(0, n).join('\n')}\n`)
    if (tree === undefined) continue
    for (const path of pathsIn(tree, '')) if (!found.has(path)) found.set(path, statement)
    statement = n + 1
  }
  return found
}

/** Undefined in the middle of a value that goes over several lines. */
function parsed(beginning: string): unknown {
  try {
    return parse(beginning)
  } catch {
    return undefined
  }
}

function pathsIn(value: unknown, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, child]) => {
    const childPath = path === '' ? name : `${path}.${name}`
    return [childPath, ...pathsIn(child, childPath)]
  })
}
