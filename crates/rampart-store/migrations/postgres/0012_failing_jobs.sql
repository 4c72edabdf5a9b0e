-- Work that was tried again and again is found however much work there is: after five attempts, as the code says.
ALTER TABLE jobs ADD COLUMN failing BOOLEAN NOT NULL DEFAULT FALSE;
-- Not read as JSON, which has escapes that PostgreSQL has no character for; the number stands in front of every free text.
UPDATE jobs SET failing = TRUE WHERE data ~ '"attempts":([5-9]|[0-9]{2,})[,}]';
CREATE INDEX jobs_failing ON jobs (id) WHERE failing;
