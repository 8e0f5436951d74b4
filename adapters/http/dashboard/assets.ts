import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'

/** A static file in memory. */
export interface Asset {
  readonly type: string
  readonly body: Uint8Array<ArrayBuffer>
  readonly gzipped: Uint8Array<ArrayBuffer>
}

/** The dashboard's static files under one address that changes with any of them, so browsers may keep them for ever. */
export interface Assets {
  /** `/assets/<hash>`: modules can import each other by relative names. */
  readonly root: string
  readonly byName: ReadonlyMap<string, Asset>
}

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Modules that share code with the server: each becomes one file with all that it imports. */
const BUNDLED: ReadonlySet<string> = new Set(['verify.js'])

let loaded: Assets | undefined

/** Reads the files of `browser/` and uPlot's from its package, once. Throws when the installation is broken. */
export function loadAssets(): Assets {
  loaded ??= readAssets()
  return loaded
}

function readAssets(): Assets {
  const own = new URL('./browser/', import.meta.url)
  const uplot = pathToFileURL(createRequire(import.meta.url).resolve('uplot'))
  const sources: readonly [string, string | URL][] = [
    ...readdirSync(own)
      .filter((name) => typeOf(name) !== undefined)
      .sort()
      .map((name): [string, URL] => [name, new URL(name, own)]),
    ['uplot.js', new URL('./uPlot.iife.min.js', uplot)],
    ['uplot.css', new URL('./uPlot.min.css', uplot)],
  ]
  const hash = createHash('sha256')
  const byName = new Map<string, Asset>()
  for (const [name, path] of sources) {
    const body = new Uint8Array(BUNDLED.has(name) ? bundle(path) : readFileSync(path))
    hash.update(name).update(body)
    byName.set(name, {
      type: typeOf(name) ?? '',
      body,
      gzipped: new Uint8Array(gzipSync(body, { level: 9 })),
    })
  }
  return { root: `/assets/${hash.digest('hex').slice(0, 16)}`, byName }
}

function bundle(path: string | URL): Uint8Array {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(path)],
    bundle: true,
    format: 'esm',
    minify: true,
    target: 'es2022',
    legalComments: 'none',
    write: false,
  })
  return outputFiles[0]?.contents ?? new Uint8Array()
}

const typeOf = (name: string): string | undefined => types[name.slice(name.lastIndexOf('.') + 1)]

/** Answers for a file below {@link Assets.root}; undefined when there is none. */
export function assetResponse(assets: Assets, name: string, acceptEncoding: string): Response | undefined {
  const asset = assets.byName.get(name)
  if (asset === undefined) return undefined
  const gzip = /\bgzip\b/.test(acceptEncoding)
  return new Response(gzip ? asset.gzipped : asset.body, {
    headers: {
      'Content-Type': asset.type,
      'Cache-Control': 'public, max-age=31536000, immutable',
      Vary: 'Accept-Encoding',
      ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
    },
  })
}
