-- What is due is looked for receiver by receiver, so that one who cannot be served is passed over however much waits for it.
-- The tables are made anew, because a column that is added to one needs a default, with which an earlier version could go on
-- writing deliveries that nobody finds.
CREATE TABLE deliveries_anew (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    partner TEXT NOT NULL,
    subscription TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT,
    data TEXT NOT NULL
);
INSERT INTO deliveries_anew (id, version, partner, subscription, state, due_at, leased_until, data)
SELECT id, version, partner, json_extract(data, '$.subscription'), state, due_at, leased_until, data FROM deliveries;
DROP TABLE deliveries;
ALTER TABLE deliveries_anew RENAME TO deliveries;
CREATE INDEX deliveries_due ON deliveries (subscription, due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_parked ON deliveries (id) WHERE state = 'parked';
CREATE INDEX deliveries_parked_of ON deliveries (partner, id) WHERE state = 'parked';
CREATE INDEX deliveries_parked_to ON deliveries (subscription, id) WHERE state = 'parked';
-- Receivers that want no more.
CREATE TABLE subscriptions_anew (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    partner TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    data TEXT NOT NULL
);
INSERT INTO subscriptions_anew (id, version, partner, disabled, data) SELECT id, version, partner, false, data FROM subscriptions;
DROP TABLE subscriptions;
ALTER TABLE subscriptions_anew RENAME TO subscriptions;
CREATE INDEX subscriptions_partner ON subscriptions (partner, id);
CREATE INDEX subscriptions_disabled ON subscriptions (id) WHERE disabled;
