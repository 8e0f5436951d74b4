#!/usr/bin/env node
import './check-node.js'

// Only now: what is imported needs the Node that was just asked for.
const { main } = await import('./program.ts')
process.exitCode = await main(process.argv.slice(2))

/** Milliseconds in which whatever is still open may close by itself; nothing of worth is left then. */
const CLOSE_MS_MAX = 1000
setTimeout(() => process.exit(), CLOSE_MS_MAX).unref()
