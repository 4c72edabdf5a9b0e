-- The mode that the installation was made in, which no later start can change. An older installation has none until its next
-- start, whose mode it keeps.
ALTER TABLE installation ADD COLUMN mode TEXT;

-- A partner's name is its own: operators call partners by name. Where several have one name already, it is the oldest's; the
-- others keep it until they are given another.
INSERT OR IGNORE INTO claims (id, subject, fingerprint, answer, expires_at, batch)
SELECT 'partner_name:' || json_extract(data, '$.name'), id, '', '', NULL, '' FROM partners ORDER BY id;
