#!/usr/bin/env node
// The way in for a Node of any age. One before 22 can't even open a TypeScript file, so it must not come to that.
import './check-node.js'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

// What Node makes of the source is kept beside the packages, since making it takes longer than most commands. Its threads know it by the
// environment. Where the folder can't be written, Node does without.
const cache = fileURLToPath(new URL('../../node_modules/.cache/lodebook', import.meta.url))
process.env.NODE_COMPILE_CACHE ??= cache
module.enableCompileCache(process.env.NODE_COMPILE_CACHE)

await import('./main.ts')
