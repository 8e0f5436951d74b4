#!/usr/bin/env node
import './check-node.js'

// Only now: what is imported needs the Node that was just asked for.
const { main } = await import('./program.ts')
process.exitCode = await main(process.argv.slice(2))
