-- An item is found by the fact it is about, and a payout that came back among its order's waiting reversals: however many
-- other items somebody makes for an order by sending it small change.
ALTER TABLE reviews ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE reviews ADD COLUMN fact TEXT COLLATE "C";
UPDATE reviews SET kind = data::json ->> 'kind', fact = data::json ->> 'fact';
CREATE INDEX reviews_fact ON reviews (fact, id) WHERE fact IS NOT NULL;
CREATE INDEX reviews_reversal ON reviews (order_id, id) WHERE kind = 'reversal' AND waiting;
