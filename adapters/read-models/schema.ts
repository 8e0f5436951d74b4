import { MONEY_SCHEMA } from './money-schema.ts'

/** Marks a file as read models of Lodebook: `Lode` in ASCII. Any other file is left alone. */
export const APPLICATION_ID = 0x4c6f6465

/**
 * Version of the tables and of the arithmetic that fills them. A file of another version is thrown away and folded again, so
 * any change of either raises it.
 */
export const SCHEMA_VERSION = 5

/**
 * The tables. All of it follows from the log and is the same whatever store the log is in, but for `pool.log` and `pool.position`.
 * Events are numbered by their ordinal in the log, counted from 0, as in the ledger. Times are Unix ms but for `work.start`, which is
 * Unix seconds; sums that may pass 2^53 are decimal text. The comments stay in the file: `.schema` shows them to whoever opens it.
 */
export const SCHEMA = `
CREATE TABLE pool (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  log TEXT NOT NULL,             -- which log the position is of
  position INTEGER,              -- of the last event contained: the checkpoint
  entries INTEGER NOT NULL,      -- events contained
  last_stream TEXT,              -- of the last of them
  skipped INTEGER NOT NULL,      -- of these, of types unknown to the program
  clock_ms INTEGER NOT NULL,     -- latest time of an event
  next_meter INTEGER NOT NULL,
  first_height INTEGER,          -- of the first work
  newest_bits INTEGER,           -- of the newest work
  network TEXT,                  -- null before PoolOpened, like the next two
  mode TEXT,
  opened_at INTEGER,
  accepted INTEGER NOT NULL,     -- shares
  difficulty TEXT NOT NULL,      -- sum over accepted shares
  effort TEXT NOT NULL,          -- sum of difficulty / network difficulty, in 2^-96
  rejected INTEGER NOT NULL,
  last_share_at INTEGER,
  next_holder INTEGER NOT NULL,
  fee_payouts INTEGER NOT NULL,  -- payouts with an output for the pool's fees, without returned ones
  reversals INTEGER NOT NULL     -- rewards that were taken back after they matured
) STRICT;

-- Where events are in the ledger: each row begins a run of one stream's events without another's in between.
CREATE TABLE runs (
  entry INTEGER PRIMARY KEY,     -- ordinal of the run's first event
  stream TEXT NOT NULL,
  revision INTEGER NOT NULL,     -- of that event
  UNIQUE (stream, revision)
) STRICT;

CREATE TABLE accounts (
  meter INTEGER PRIMARY KEY,
  account TEXT NOT NULL UNIQUE,
  address TEXT,
  opened_at INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  difficulty TEXT NOT NULL,
  rejected INTEGER NOT NULL,
  last_share_at INTEGER,
  workers_online INTEGER NOT NULL
) STRICT;
CREATE INDEX accounts_by_address ON accounts (address);
CREATE INDEX accounts_online ON accounts (meter) WHERE workers_online > 0;

CREATE TABLE workers (
  meter INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,      -- accounts.meter
  name TEXT NOT NULL,
  since INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  difficulty TEXT NOT NULL,
  rejected INTEGER NOT NULL,
  last_share_at INTEGER,
  connections INTEGER NOT NULL,  -- open ones
  seen_at INTEGER NOT NULL,      -- latest authorization or end of a connection
  UNIQUE (account, name)
) STRICT;
CREATE INDEX workers_online ON workers (meter) WHERE connections > 0;
CREATE INDEX workers_gone ON workers (seen_at) WHERE connections = 0;
CREATE INDEX workers_silent ON workers (seen_at) WHERE connections = 0 AND accepted = 0 AND rejected = 0;

-- Open connections, and ended ones for two minutes.
CREATE TABLE connections (
  gateway INTEGER NOT NULL,
  number INTEGER NOT NULL,
  extranonce1 TEXT NOT NULL,
  listener TEXT NOT NULL,
  connected_at INTEGER NOT NULL,
  agent TEXT,
  profile TEXT,
  difficulty INTEGER,
  ended_at INTEGER,
  PRIMARY KEY (gateway, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX connections_open ON connections (gateway, number) WHERE ended_at IS NULL;

CREATE TABLE authorizations (
  gateway INTEGER NOT NULL,
  connection INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  worker INTEGER NOT NULL,       -- workers.meter
  PRIMARY KEY (gateway, connection, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX authorizations_by_worker ON authorizations (worker);

-- Shares in buckets of time. By time first: what is written lies together, and so does what is thrown away.
CREATE TABLE work (
  level INTEGER NOT NULL,        -- 0: 10 seconds, 1: 1 minute, 2: 10 minutes, 3: 1 hour
  scope INTEGER NOT NULL,        -- 0: pool, 1: account, 2: worker
  start INTEGER NOT NULL,        -- Unix seconds
  meter INTEGER NOT NULL,
  difficulty REAL NOT NULL,      -- sum over accepted shares
  squares REAL NOT NULL,         -- sum of difficulty^2
  shares INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  PRIMARY KEY (level, scope, start, meter)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejected (
  meter INTEGER NOT NULL,
  reason TEXT NOT NULL,
  count INTEGER NOT NULL,
  needed INTEGER NOT NULL,       -- difficulty, of the latest summary; 0 for none
  best INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (meter, reason)
) STRICT, WITHOUT ROWID;

-- Work of the last heights, and of every share in solved.
CREATE TABLE jobs (
  entry INTEGER PRIMARY KEY,     -- ordinal of its event
  gateway INTEGER NOT NULL,
  job INTEGER NOT NULL,
  header TEXT NOT NULL,
  pow_algorithm TEXT NOT NULL,
  height INTEGER NOT NULL,
  bits INTEGER NOT NULL,
  subsidy TEXT NOT NULL,         -- atoms
  issued_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  merkle_root TEXT NOT NULL,
  UNIQUE (gateway, job)
) STRICT;
CREATE INDEX jobs_by_height ON jobs (height);
CREATE INDEX jobs_by_merkle_root ON jobs (merkle_root);

-- Shares that met the network's target and have no BlockFound yet.
CREATE TABLE solved (
  hash TEXT PRIMARY KEY,
  stream TEXT NOT NULL,
  revision INTEGER NOT NULL,
  place INTEGER NOT NULL,
  at INTEGER NOT NULL,
  gateway INTEGER NOT NULL,
  job INTEGER NOT NULL,
  connection INTEGER NOT NULL,
  account TEXT,
  worker TEXT,
  difficulty INTEGER NOT NULL,
  extranonce1 TEXT,
  profile TEXT,
  extranonce2 TEXT NOT NULL,
  ntime INTEGER NOT NULL,
  nonce INTEGER NOT NULL,
  mark_effort TEXT NOT NULL,     -- the pool's sums up to and including this share
  mark_shares INTEGER NOT NULL,
  mark_difficulty TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX solved_by_job ON solved (gateway, job);

CREATE TABLE blocks (
  number INTEGER PRIMARY KEY,    -- ordinal of its BlockFound
  hash TEXT NOT NULL UNIQUE,
  height INTEGER NOT NULL,
  found_at INTEGER NOT NULL,
  header TEXT NOT NULL,
  pow_algorithm TEXT NOT NULL,
  gateway INTEGER NOT NULL,
  job INTEGER NOT NULL,
  stream TEXT,                   -- the share that found it; null when it was lost, like the next two
  revision INTEGER,
  place INTEGER,
  connection INTEGER,
  account TEXT,
  worker TEXT,
  mark_effort TEXT NOT NULL,     -- the pool's sums when it was found
  mark_shares INTEGER NOT NULL,
  mark_difficulty TEXT NOT NULL,
  state TEXT NOT NULL,
  on_chain INTEGER NOT NULL,     -- 1 while it is on the main chain
  final INTEGER NOT NULL,        -- 1 when its state is never left
  last_revision INTEGER NOT NULL, -- of its own stream
  reward_transaction TEXT,
  reward_output INTEGER,
  reward_atoms TEXT,
  decided_by TEXT
) STRICT;
CREATE INDEX blocks_by_height ON blocks (height, number);
CREATE INDEX blocks_by_account ON blocks (account, height, number);
CREATE INDEX blocks_on_chain ON blocks (height, number) WHERE on_chain = 1;
CREATE INDEX blocks_unfinished ON blocks (number) WHERE final = 0;

-- The events of each block's stream as they are.
CREATE TABLE block_events (
  hash TEXT NOT NULL,
  revision INTEGER NOT NULL,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (hash, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE block_counts (
  state TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
${MONEY_SCHEMA}
INSERT INTO pool (id, log, entries, skipped, clock_ms, next_meter, accepted, difficulty, effort, rejected, next_holder, fee_payouts, reversals)
VALUES (1, '', 0, 0, 0, 1, 0, '0', '0', 0, 1, 0, 0);
`
