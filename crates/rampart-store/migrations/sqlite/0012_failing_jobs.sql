-- Work that was tried again and again is found however much work there is: after five attempts, as the code says.
ALTER TABLE jobs ADD COLUMN failing BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE jobs SET failing = TRUE WHERE json_extract(data, '$.attempts') >= 5;
CREATE INDEX jobs_failing ON jobs (id) WHERE failing;
