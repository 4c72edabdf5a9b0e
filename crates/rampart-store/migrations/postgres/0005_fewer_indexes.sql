-- Every index is written with every order: few, and none of them twice. A partner's orders are found in each status; those
-- that time alone will change are found by when, and the other open ones by how long they stand still.
DROP INDEX payments_partner;
DROP INDEX payments_open;
DROP INDEX payments_due;
CREATE INDEX payments_open ON payments (status, changed_at, id) WHERE open AND due_at IS NULL;
CREATE INDEX payments_due ON payments (due_at, id, status) WHERE due_at IS NOT NULL;
DROP INDEX rampoffs_partner;
DROP INDEX rampoffs_open;
DROP INDEX rampoffs_due;
CREATE INDEX rampoffs_open ON rampoffs (status, changed_at, id) WHERE open AND due_at IS NULL;
CREATE INDEX rampoffs_due ON rampoffs (due_at, id, status) WHERE due_at IS NOT NULL;

-- A batch's identifier tells when it was made.
DROP INDEX batches_age;
ALTER TABLE batches DROP COLUMN committed_at;
