-- An item is found by the fact it is about, and a payout that came back among its order's waiting reversals: however many
-- other items somebody makes for an order by sending it small change. Without a default, so that an earlier version cannot go
-- on writing items that nobody finds.
ALTER TABLE reviews ADD COLUMN kind TEXT COLLATE "C";
ALTER TABLE reviews ADD COLUMN fact TEXT COLLATE "C";
-- Not read as JSON: one escape that PostgreSQL has no character for, in anybody's text, would end the migration. Both stand
-- in front of every free text, and inside of one their quotes would be escaped.
UPDATE reviews SET kind = substring(data FROM '"kind":"([a-z_]+)"'), fact = substring(data FROM '"fact":"(fct_[0-9A-Za-z]+)"');
ALTER TABLE reviews ALTER COLUMN kind SET NOT NULL;
CREATE INDEX reviews_fact ON reviews (fact, id) WHERE fact IS NOT NULL;
CREATE INDEX reviews_reversal ON reviews (order_id, id) WHERE kind = 'reversal' AND waiting;
