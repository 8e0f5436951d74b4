/**
 * The tables of money. Amounts are INTEGER atoms: all there can be are 21e14, and a double, as which SQLite's driver hands
 * integers over, is exact up to 9e15. What counts parts of an atom or of a block is decimal text.
 */
export const MONEY_SCHEMA = `
CREATE TABLE policies (
  revision INTEGER PRIMARY KEY,  -- in the stream pool
  entry INTEGER NOT NULL,
  at INTEGER NOT NULL,
  data TEXT NOT NULL             -- as adopted
) STRICT;

-- Balances of the double entry: the pool's accounts, and where money comes from and goes to.
CREATE TABLE ledger (
  account TEXT PRIMARY KEY,
  atoms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Balances of the double entry: miners.
CREATE TABLE holders (
  id INTEGER PRIMARY KEY,
  account TEXT NOT NULL UNIQUE,
  immature INTEGER NOT NULL,
  available INTEGER NOT NULL,
  in_payout INTEGER NOT NULL,
  paid INTEGER NOT NULL,         -- arrived at its address
  chain_fees INTEGER NOT NULL,   -- its part of the chain's fees
  carried TEXT NOT NULL          -- pay per share: earned and not a whole atom yet, in 2^-64 millionths of one
) STRICT;
CREATE INDEX holders_available ON holders (available) WHERE available > 0;

-- What each event changed of what a miner is owed, by stage.
CREATE TABLE statement_lines (
  holder INTEGER NOT NULL,
  entry INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  block TEXT,
  payout INTEGER,
  immature INTEGER NOT NULL,
  available INTEGER NOT NULL,
  in_payout INTEGER NOT NULL,
  chain_fee INTEGER NOT NULL,    -- of what was paid
  balance INTEGER NOT NULL,      -- owed in all, afterwards
  PRIMARY KEY (holder, entry)
) STRICT, WITHOUT ROWID;

-- Shared rewards of blocks, complete ones.
CREATE TABLE settlements (
  entry INTEGER PRIMARY KEY,     -- of its last part
  number INTEGER NOT NULL,       -- of its stream
  at INTEGER NOT NULL,
  block TEXT NOT NULL,
  height INTEGER NOT NULL,
  policy INTEGER NOT NULL,       -- policies.revision
  reward INTEGER NOT NULL,
  fee INTEGER NOT NULL,
  reserve INTEGER NOT NULL,
  repaid INTEGER NOT NULL,       -- of the rest: to the reserve, which had advanced it when the block was lost
  from_stream TEXT,              -- the window; null when no shares were looked at
  from_revision INTEGER,
  from_place INTEGER,
  to_stream TEXT,
  to_revision INTEGER,
  to_place INTEGER,
  shares INTEGER,
  units TEXT,
  stage TEXT NOT NULL,           -- immature or available
  reversed_at INTEGER,           -- null while it stands, like the next two
  why TEXT,
  from_reserve INTEGER,          -- what was paid already, and the reserve lost
  taken_back INTEGER             -- number of the block's latest reversal after it had matured; null when there was none
) STRICT;
CREATE INDEX settlements_by_block ON settlements (block, entry);
CREATE UNIQUE INDEX settlements_standing ON settlements (block) WHERE reversed_at IS NULL;

-- What the reserve gave for rewards that were taken back when they were paid already. Blocks that come back repay it.
CREATE TABLE advances (
  account TEXT NOT NULL,         -- of the double entry: the one that had too little
  reversal INTEGER NOT NULL,     -- see settlements.taken_back
  repaid_by TEXT NOT NULL,       -- block whose immature reward has repaid it; empty while it is open
  atoms INTEGER NOT NULL,
  PRIMARY KEY (account, reversal, repaid_by)
) STRICT, WITHOUT ROWID;

CREATE TABLE credits (
  settlement INTEGER NOT NULL,   -- settlements.entry
  holder INTEGER NOT NULL,
  units TEXT NOT NULL,
  atoms INTEGER NOT NULL,
  PRIMARY KEY (settlement, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX credits_by_holder ON credits (holder, settlement);

-- Parts of allocations that are not complete, as they are in the log.
CREATE TABLE pending_parts (
  block TEXT NOT NULL,
  part INTEGER NOT NULL,
  number INTEGER NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (block, part)
) STRICT, WITHOUT ROWID;

-- Pay per share: events of shares that are not settled.
CREATE TABLE open_work (
  entry INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  revision INTEGER NOT NULL,
  shares INTEGER NOT NULL,
  units TEXT NOT NULL,
  worth TEXT NOT NULL            -- JSON: what each account earned, in 2^-64 millionths of an atom
) STRICT;

CREATE TABLE work_settlements (
  entry INTEGER PRIMARY KEY,
  number INTEGER NOT NULL,
  data TEXT NOT NULL             -- as settled
) STRICT;

CREATE TABLE payouts (
  number INTEGER PRIMARY KEY,
  entry INTEGER NOT NULL,        -- of its plan
  at INTEGER NOT NULL,
  mode TEXT NOT NULL,
  phase TEXT NOT NULL,
  height INTEGER NOT NULL,
  outputs INTEGER NOT NULL,      -- to miners
  paid INTEGER NOT NULL,         -- all outputs, the pool's included
  fee INTEGER NOT NULL,
  plan TEXT NOT NULL,            -- as planned
  transaction_id TEXT,           -- null before it is signed
  approved_at INTEGER,
  signed_at INTEGER,
  published_at INTEGER,
  ended_at INTEGER,              -- confirmed or returned
  block TEXT,                    -- that it is confirmed in
  confirmations INTEGER,
  why TEXT,                      -- it was returned
  conflict_transaction TEXT,
  conflict_block TEXT
) STRICT;
CREATE INDEX payouts_open ON payouts (number) WHERE ended_at IS NULL;

CREATE TABLE payout_outputs (
  payout INTEGER NOT NULL,
  place INTEGER NOT NULL,
  account TEXT NOT NULL,
  address TEXT NOT NULL,
  deducted INTEGER NOT NULL,
  atoms INTEGER NOT NULL,
  PRIMARY KEY (payout, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX payout_outputs_by_account ON payout_outputs (account, payout);

-- Outputs of the chain that a payout spends which was not returned.
CREATE TABLE funding (
  outpoint TEXT PRIMARY KEY,
  payout INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Events of money that contradict what was before them: they moved nothing.
CREATE TABLE refused (
  entry INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  stream TEXT NOT NULL,
  revision INTEGER NOT NULL,
  type TEXT NOT NULL,
  kind TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;
`
