-- The mode that the installation was made in, which no later start can change. An older installation has none until its next
-- start, whose mode it keeps.
ALTER TABLE installation ADD COLUMN mode TEXT;
