// Plain JavaScript, and plain for its age: an older Node must be able to read it, to say that it is too old.
const NEEDED = 24
const major = Number(process.versions.node.split('.')[0])
if (major < NEEDED) {
  console.error(
    `lodebook: this is Node ${process.versions.node}, Lodebook needs Node ${NEEDED} or newer. ` +
      `After "npm ci", "npm start" and "npm run lodebook -- <command>" use the right one by themselves; ` +
      `else install Node ${NEEDED} (LTS).`,
  )
  process.exit(2)
}
