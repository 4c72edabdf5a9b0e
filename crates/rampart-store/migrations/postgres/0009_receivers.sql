-- What is due is looked for receiver by receiver, so that one who cannot be served is passed over however much waits for it.
-- Without a default, so that an earlier version cannot go on writing deliveries that nobody finds. The name stands in front of
-- every text that somebody else has a say in.
ALTER TABLE deliveries ADD COLUMN subscription TEXT COLLATE "C";
UPDATE deliveries SET subscription = substring(data FROM '"subscription":"(whk_[0-9A-Za-z]+)"');
ALTER TABLE deliveries ALTER COLUMN subscription SET NOT NULL;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (subscription, due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_parked_to ON deliveries (subscription, id) WHERE state = 'parked';
-- Receivers that want no more.
ALTER TABLE subscriptions ADD COLUMN disabled BOOLEAN;
UPDATE subscriptions SET disabled = false;
ALTER TABLE subscriptions ALTER COLUMN disabled SET NOT NULL;
CREATE INDEX subscriptions_disabled ON subscriptions (id) WHERE disabled;
