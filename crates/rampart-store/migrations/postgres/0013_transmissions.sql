-- What is sent for transfers, beside what they owe.
CREATE TABLE transmissions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    chain TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    height BIGINT,
    slot TEXT COLLATE "C" NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX transmissions_state ON transmissions (chain, state, id);
CREATE INDEX transmissions_height ON transmissions (chain, height, id) WHERE height IS NOT NULL;
CREATE INDEX transmissions_slot ON transmissions (chain, slot);
