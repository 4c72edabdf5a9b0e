-- An item is found by the fact it is about, and a payout that came back among its order's waiting reversals: however many
-- other items somebody makes for an order by sending it small change. The table is made anew, because a column that is added
-- to one needs a default, with which an earlier version could go on writing items that nobody finds.
CREATE TABLE reviews_anew (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    order_id TEXT,
    waiting BOOLEAN NOT NULL,
    alarm TEXT,
    kind TEXT NOT NULL,
    fact TEXT,
    data TEXT NOT NULL
);
INSERT INTO reviews_anew (id, version, order_id, waiting, alarm, kind, fact, data)
SELECT id, version, order_id, waiting, alarm, json_extract(data, '$.kind'), json_extract(data, '$.fact'), data FROM reviews;
DROP TABLE reviews;
ALTER TABLE reviews_anew RENAME TO reviews;
CREATE INDEX reviews_waiting ON reviews (id) WHERE waiting;
CREATE INDEX reviews_order ON reviews (order_id, id) WHERE order_id IS NOT NULL;
CREATE UNIQUE INDEX reviews_alarm ON reviews (alarm) WHERE alarm IS NOT NULL;
CREATE INDEX reviews_fact ON reviews (fact, id) WHERE fact IS NOT NULL;
CREATE INDEX reviews_reversal ON reviews (order_id, id) WHERE kind = 'reversal' AND waiting;
