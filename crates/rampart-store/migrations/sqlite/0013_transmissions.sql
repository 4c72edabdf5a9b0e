-- What is sent for transfers, beside what they owe.
CREATE TABLE transmissions (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    chain TEXT NOT NULL,
    state TEXT NOT NULL,
    height BIGINT,
    slot TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX transmissions_state ON transmissions (chain, state, id);
CREATE INDEX transmissions_height ON transmissions (chain, height, id) WHERE height IS NOT NULL;
CREATE INDEX transmissions_slot ON transmissions (chain, slot);
