-- What is known of the keys that seal values: a record for each. The first start writes the one that the database
-- was made with.
-- The links to hosted pages that were kept in the clear leave the database with this migration as well; that step is code.
CREATE TABLE installation_keys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    data TEXT NOT NULL
);
