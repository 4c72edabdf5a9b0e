-- A deposit address is a key that is taken, so that the commit of an order to buy finds out whether its wallet is one.
INSERT INTO claims (id, subject, fingerprint, answer, expires_at, batch)
SELECT 'deposit_address:' || deposit_chain || ':' || deposit_address, id, '', '', CAST(NULL AS BIGINT), '' FROM rampoffs WHERE true
ON CONFLICT (id) DO NOTHING;
