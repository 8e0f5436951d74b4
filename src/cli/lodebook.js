#!/usr/bin/env node
// The way in for a Node of any age. One before 22 can't even open a TypeScript file, so it must not come to that.
import './check-node.js'

await import('./main.ts')
