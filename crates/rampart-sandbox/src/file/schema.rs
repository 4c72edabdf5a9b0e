//! The tables of the world's file. Amounts are integers in minor units, stored as text. Times are microseconds
//! of business time.

/// Run whenever the database is opened; creates what is missing.
pub(super) const SCHEMA: &str = "
-- The last sequence number of each stream: statement lines, processor events, decisions, received webhooks.
CREATE TABLE IF NOT EXISTS streams (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
-- The lines of the streams. `topic` is the account of a bank line.
CREATE TABLE IF NOT EXISTS journal (
    stream TEXT NOT NULL, seq INTEGER NOT NULL, topic TEXT, body TEXT NOT NULL,
    PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS journal_topic ON journal (topic, stream, seq) WHERE topic IS NOT NULL;
-- Scheduled actions.
CREATE TABLE IF NOT EXISTS agenda (id INTEGER PRIMARY KEY, due_at INTEGER NOT NULL, action TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS agenda_due ON agenda (due_at);
-- Clock offset, fixed prices, screening list and faults: one JSON document.
CREATE TABLE IF NOT EXISTS settings (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bank_accounts (rail TEXT PRIMARY KEY, balance TEXT NOT NULL) WITHOUT ROWID;
-- Payouts over rails and refunds through processors.
CREATE TABLE IF NOT EXISTS payouts (
    id TEXT PRIMARY KEY, provider TEXT NOT NULL, name TEXT NOT NULL, reference TEXT NOT NULL, amount TEXT NOT NULL,
    currency TEXT NOT NULL, account TEXT NOT NULL, state TEXT NOT NULL, made_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS captures (
    payment TEXT PRIMARY KEY, processor TEXT NOT NULL, reference TEXT NOT NULL, amount TEXT NOT NULL,
    currency TEXT NOT NULL, refunded TEXT NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS captures_reference ON captures (reference);
CREATE TABLE IF NOT EXISTS submissions (
    reference TEXT PRIMARY KEY, customer INTEGER NOT NULL, level INTEGER NOT NULL, plan TEXT NOT NULL,
    state TEXT NOT NULL, made_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS submissions_customer ON submissions (customer, made_at);
-- A block's hash is derived from chain, height and fork; blocks without transactions need no row.
CREATE TABLE IF NOT EXISTS chains (
    name TEXT PRIMARY KEY, height INTEGER NOT NULL, fork INTEGER NOT NULL, every_micros INTEGER NOT NULL,
    mined_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forks (
    chain TEXT NOT NULL, from_height INTEGER NOT NULL, fork INTEGER NOT NULL, PRIMARY KEY (chain, fork)) WITHOUT ROWID;
-- When blocks with transactions were made.
CREATE TABLE IF NOT EXISTS block_times (
    chain TEXT NOT NULL, height INTEGER NOT NULL, made_at INTEGER NOT NULL, PRIMARY KEY (chain, height)) WITHOUT ROWID;
-- The transfers of transactions: one row each. Only transactions of third parties have several, and their rows follow each other.
-- `nonce` is NULL for transfers between wallets that are not ours. States: 0 waiting, 1 in a block, 2 reverted in a
-- block, 3 dropped. `fee` is what was paid, or would be at the time of the broadcast. `most_units`, `units`, `price` and `tip` are
-- what it offers and what it takes; NULL: it is mined whatever the market asks. `misreading`: 1 missing in the first reading of
-- its block, 2 only there, NULL neither.
CREATE TABLE IF NOT EXISTS transactions (
    id INTEGER PRIMARY KEY, chain TEXT NOT NULL, txid TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL,
    symbol TEXT NOT NULL, amount TEXT NOT NULL, fee TEXT NOT NULL, nonce INTEGER, state INTEGER NOT NULL,
    height INTEGER, position INTEGER, most_units INTEGER, units INTEGER, price TEXT, tip TEXT, misreading INTEGER);
DROP INDEX IF EXISTS transactions_txid;
CREATE INDEX IF NOT EXISTS transactions_transfers ON transactions (txid, chain);
CREATE INDEX IF NOT EXISTS transactions_block ON transactions (chain, height, position) WHERE height IS NOT NULL;
CREATE INDEX IF NOT EXISTS transactions_waiting ON transactions (chain, nonce, id) WHERE state = 0;
CREATE INDEX IF NOT EXISTS transactions_sender ON transactions (sender, chain, nonce);
CREATE INDEX IF NOT EXISTS transactions_recipient ON transactions (recipient, chain);
-- The next nonce that can be mined, per wallet of ours.
CREATE TABLE IF NOT EXISTS nonces (
    chain TEXT NOT NULL, address TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (chain, address)) WITHOUT ROWID;
-- The orders that the signer was given. `body` is a hash of what was to be signed, `signed_at` NULL if it refused.
CREATE TABLE IF NOT EXISTS signings (
    chain TEXT NOT NULL, reference TEXT NOT NULL, body TEXT NOT NULL, signed_at INTEGER,
    PRIMARY KEY (chain, reference)) WITHOUT ROWID;
-- Balances at the newest block, and the part reserved by waiting transactions.
CREATE TABLE IF NOT EXISTS balances (
    chain TEXT NOT NULL, address TEXT NOT NULL, symbol TEXT NOT NULL, amount TEXT NOT NULL, waiting TEXT NOT NULL,
    PRIMARY KEY (chain, address, symbol)) WITHOUT ROWID;
";

/// Table, name and type of columns that files of an earlier version lack.
pub(super) const ADDED_COLUMNS: &[(&str, &str, &str)] = &[
    ("transactions", "most_units", "INTEGER"),
    ("transactions", "units", "INTEGER"),
    ("transactions", "price", "TEXT"),
    ("transactions", "tip", "TEXT"),
    ("transactions", "misreading", "INTEGER"),
];
