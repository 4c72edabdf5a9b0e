-- A token tells when what its page shows was made, which finds it.
DROP INDEX customers_page_token;
ALTER TABLE customers DROP COLUMN page_token;
DROP INDEX payments_page_token;
ALTER TABLE payments DROP COLUMN page_token;
DROP INDEX rampoffs_page_token;
ALTER TABLE rampoffs DROP COLUMN page_token;
