/** Which test runs the shell of a page, or of one of its blocks, where it is not commands.test.ts. */
export const elsewhere: readonly {
  readonly page: string
  /** Beginning of the first command of the block; every block of the page when not given. */
  readonly block?: string
  readonly test: string
}[] = [
  { page: 'README.md', block: 'alias lodebook=', test: 'test/docs/try-it.test.ts' },
  { page: 'docs/api.md', test: 'test/docs/api.test.ts' },
  { page: 'docs/operators.md', test: 'test/docs/operators.test.ts' },
  { page: 'docs/replaying.md', test: 'test/docs/replaying.test.ts' },
]

const DOCKER =
  'needs Docker and the images of Decred and EventStoreDB; test/docker has what of it can be tried without'
const NPM = 'fetches packages, or is this suite or one that needs more than npm; .ci/run runs it'
const SYSTEM = 'changes the machine: its users, its services, or the program that is being tested'
const ENV = 'is a line of .env and no command; test/docker/compose.test.ts gives Compose such lines'

/** Why commands are not run, by page and beginning. What is not named here is run. */
export const notRun: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'CONTRIBUTING.md': { 'npm ': NPM },
  'README.md': { 'npm ci && npm start': NPM, 'npm test': NPM },
  'docs/eventstoredb.md': {
    'DECRED_RELEASE=': ENV,
    'DCRD_MINING_ADDRESS=Ds': ENV,
    'COMPOSE_PROFILES=': ENV,
    'EVENTSTOREDB_SINGLE=': ENV,
    'LODEBOOK_STORE_URL=': ENV,
    'docker compose logs': DOCKER,
    'docker compose exec': DOCKER,
    'docker compose build': DOCKER,
    'docker compose stop': DOCKER,
    'docker compose up': DOCKER,
    'DCRD_MINING_ADDRESS=none docker compose run': DOCKER,
    'docker compose run --rm dcrwallet': DOCKER,
    'docker compose run --rm -T': 'needs the users and rights of a real EventStoreDB',
    'sudo systemctl': SYSTEM,
  },
  'docs/from-dcrpool.md': { 'psql ': 'needs the database of a dcrpool' },
  'docs/operators.md': {
    'git clone': NPM,
    'sudo useradd': SYSTEM,
    'sudo systemctl': SYSTEM,
    'cd /opt/lodebook && git pull': SYSTEM,
  },
  'docs/simnet.md': {
    'npm run test:simnet': 'needs a real dcrd; .ci/run runs it where there is one',
    'LODEBOOK_DCRD_BLAKE256=': 'needs a real dcrd; .ci/run runs it where there is one',
  },
}
