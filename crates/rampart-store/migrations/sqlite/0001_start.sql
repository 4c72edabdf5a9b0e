-- Who this installation is: its identifier and the fingerprint of the key its secrets are sealed under. One row,
-- whose number is 1.
CREATE TABLE installation (
    number BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    key_fingerprint TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Records: key, version, what queries need, and the record as JSON. Foreign keys are left out on purpose: on PostgreSQL
-- they lock rows outside the one lock order of the commit path.
CREATE TABLE partners (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    api_key TEXT NOT NULL,
    previous_key TEXT,
    data TEXT NOT NULL
);
CREATE INDEX partners_api_key ON partners (api_key);
CREATE INDEX partners_previous_key ON partners (previous_key) WHERE previous_key IS NOT NULL;

CREATE TABLE customers (
    id BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    partner TEXT NOT NULL,
    page_token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX customers_page_token ON customers (page_token);
CREATE INDEX customers_partner ON customers (partner, created_at, id);
CREATE INDEX customers_created ON customers (created_at, id);

CREATE TABLE payments (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    partner TEXT NOT NULL,
    customer BIGINT NOT NULL,
    status TEXT NOT NULL,
    open BOOLEAN NOT NULL,
    due_at BIGINT,
    changed_at BIGINT NOT NULL,
    page_token TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX payments_partner ON payments (partner, id);
CREATE INDEX payments_partner_status ON payments (partner, status, id);
CREATE INDEX payments_customer_status ON payments (customer, status, id);
CREATE INDEX payments_open ON payments (status, changed_at, id) WHERE open;
CREATE INDEX payments_due ON payments (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX payments_page_token ON payments (page_token);

CREATE TABLE rampoffs (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    partner TEXT NOT NULL,
    customer BIGINT NOT NULL,
    status TEXT NOT NULL,
    open BOOLEAN NOT NULL,
    due_at BIGINT,
    changed_at BIGINT NOT NULL,
    page_token TEXT NOT NULL,
    deposit_chain TEXT NOT NULL,
    deposit_address TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX rampoffs_partner ON rampoffs (partner, id);
CREATE INDEX rampoffs_partner_status ON rampoffs (partner, status, id);
CREATE INDEX rampoffs_customer_status ON rampoffs (customer, status, id);
CREATE INDEX rampoffs_open ON rampoffs (status, changed_at, id) WHERE open;
CREATE INDEX rampoffs_due ON rampoffs (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX rampoffs_page_token ON rampoffs (page_token);
CREATE INDEX rampoffs_deposit ON rampoffs (deposit_address, deposit_chain);

CREATE TABLE payouts (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    order_id TEXT,
    state TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX payouts_state ON payouts (state, id);
CREATE INDEX payouts_order ON payouts (order_id, id) WHERE order_id IS NOT NULL;

CREATE TABLE transfers (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    order_id TEXT,
    chain TEXT NOT NULL,
    state TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX transfers_state ON transfers (chain, state, id);
CREATE INDEX transfers_order ON transfers (order_id, id) WHERE order_id IS NOT NULL;

CREATE TABLE facts (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    waiting BOOLEAN NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX facts_waiting ON facts (id) WHERE waiting;

CREATE TABLE deposits (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    chain TEXT NOT NULL,
    state TEXT NOT NULL,
    height BIGINT NOT NULL,
    order_id TEXT,
    to_sweep BOOLEAN NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX deposits_state ON deposits (chain, state, id);
CREATE INDEX deposits_height ON deposits (chain, height, id);
CREATE INDEX deposits_to_sweep ON deposits (chain, id) WHERE to_sweep;
CREATE INDEX deposits_order ON deposits (order_id, id) WHERE order_id IS NOT NULL;

CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT,
    data TEXT NOT NULL
);
CREATE INDEX jobs_due ON jobs (kind, due_at, id);
CREATE INDEX jobs_subject ON jobs (subject, kind, id);

CREATE TABLE subscriptions (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    partner TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX subscriptions_partner ON subscriptions (partner, id);

CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    partner TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT,
    data TEXT NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_parked ON deliveries (id) WHERE state = 'parked';

CREATE TABLE cursors (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    number BIGINT,
    data TEXT NOT NULL
);

CREATE TABLE wallets (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    data TEXT NOT NULL
);

CREATE TABLE reviews (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    order_id TEXT,
    waiting BOOLEAN NOT NULL,
    alarm TEXT,
    data TEXT NOT NULL
);
CREATE INDEX reviews_waiting ON reviews (id) WHERE waiting;
CREATE INDEX reviews_order ON reviews (order_id, id) WHERE order_id IS NOT NULL;
-- An account below its floor has one open alarm per asset.
CREATE UNIQUE INDEX reviews_alarm ON reviews (alarm) WHERE alarm IS NOT NULL;

CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    subject TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX audit_subject ON audit (subject, id);

-- Keys that are taken: `<scope>:<key>`, with the batch that took them.
CREATE TABLE claims (
    id TEXT NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL,
    expires_at BIGINT,
    batch TEXT NOT NULL
);
CREATE INDEX claims_expiry ON claims (expires_at, id) WHERE expires_at IS NOT NULL;

-- The ledger. A balance is `<account> <asset>`; amounts are whole numbers as text. An entry's number counts the entries
-- of its balance without a gap, in the order they were posted. A posting is booked at a real time that grows on each node.
CREATE TABLE balances (
    id TEXT NOT NULL PRIMARY KEY,
    posted TEXT NOT NULL,
    held TEXT NOT NULL,
    entries BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE postings (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,
    order_id TEXT,
    posted_at BIGINT NOT NULL,
    booked_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE entries (
    balance TEXT NOT NULL,
    number BIGINT NOT NULL,
    posting TEXT NOT NULL,
    side TEXT NOT NULL,
    amount TEXT NOT NULL,
    order_id TEXT,
    PRIMARY KEY (balance, number)
) WITHOUT ROWID;
CREATE INDEX entries_posting ON entries (posting, balance, number);
CREATE INDEX entries_order ON entries (order_id, balance, number) WHERE order_id IS NOT NULL;

CREATE TABLE counters (
    id TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    expires_at BIGINT
) WITHOUT ROWID;
CREATE INDEX counters_expiry ON counters (expires_at, id) WHERE expires_at IS NOT NULL;

-- What partners are told: numbered per partner without a gap.
CREATE TABLE events (
    partner TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (partner, sequence)
) WITHOUT ROWID;

CREATE INDEX events_subject ON events (subject, partner, sequence);

CREATE TABLE event_counters (
    partner TEXT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
) WITHOUT ROWID;

-- Series that numbers are handed out of, in blocks.
CREATE TABLE numbers (
    series TEXT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
) WITHOUT ROWID;

-- Transactions of the commit path, so that after a lost connection the writer can see whether one happened.
CREATE TABLE batches (
    id TEXT NOT NULL PRIMARY KEY,
    committed_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX batches_age ON batches (committed_at, id);
