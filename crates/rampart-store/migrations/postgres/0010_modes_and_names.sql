-- The mode that the installation was made in, which no later start can change. An older installation has none until its next
-- start, whose mode it keeps.
ALTER TABLE installation ADD COLUMN mode TEXT COLLATE "C";

-- A partner's name is its own: operators call partners by name. Where several have one name already, it is the oldest's; the
-- others keep it until they are given another. A partner's texts have no control characters, so that they are read as JSON.
INSERT INTO claims (id, subject, fingerprint, answer, expires_at, batch)
SELECT 'partner_name:' || (data::json ->> 'name'), id, '', '', NULL, '' FROM partners ORDER BY id ON CONFLICT DO NOTHING;
