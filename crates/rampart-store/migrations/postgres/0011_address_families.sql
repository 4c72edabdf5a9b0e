-- An address is one on every chain of its family: it is looked for without its chain, taken once for all of them, and has its
-- index from one series, which begins above every index that was given out on one of its chains. Which family a chain is of is
-- told by the addresses of its orders; a chain that has none yet counts for both.
INSERT INTO numbers (series, next)
SELECT 'addresses-evm', MAX(next) FROM numbers WHERE series LIKE 'address-%' AND NOT EXISTS (
    SELECT 1 FROM rampoffs WHERE 'address-' || deposit_chain = series AND deposit_address NOT LIKE '0x%'
) HAVING MAX(next) IS NOT NULL;
INSERT INTO numbers (series, next)
SELECT 'addresses-bitcoin', MAX(next) FROM numbers WHERE series LIKE 'address-%' AND NOT EXISTS (
    SELECT 1 FROM rampoffs WHERE 'address-' || deposit_chain = series AND deposit_address LIKE '0x%'
) HAVING MAX(next) IS NOT NULL;
DELETE FROM numbers WHERE series LIKE 'address-%';

-- Orders of earlier versions that share an address on different chains are left with it; the oldest has the claim.
DELETE FROM claims WHERE id >= 'deposit_address:' AND id < 'deposit_address;';
INSERT INTO claims (id, subject, fingerprint, answer, expires_at, batch)
SELECT 'deposit_address:' || deposit_address, MIN(id), '', '', CAST(NULL AS BIGINT), '' FROM rampoffs GROUP BY deposit_address;

-- Without the column an earlier version that still runs makes no order whose address it would take from a series of its own.
DROP INDEX rampoffs_deposit;
ALTER TABLE rampoffs DROP COLUMN deposit_chain;
CREATE INDEX rampoffs_deposit ON rampoffs (deposit_address);
