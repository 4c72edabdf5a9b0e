-- An item is found by the fact it is about, and a payout that came back among its order's waiting reversals: however many
-- other items somebody makes for an order by sending it small change.
ALTER TABLE reviews ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE reviews ADD COLUMN fact TEXT;
UPDATE reviews SET kind = json_extract(data, '$.kind'), fact = json_extract(data, '$.fact');
CREATE INDEX reviews_fact ON reviews (fact, id) WHERE fact IS NOT NULL;
CREATE INDEX reviews_reversal ON reviews (order_id, id) WHERE kind = 'reversal' AND waiting;
