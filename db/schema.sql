-- The tables under test: pgbench's, so that its figures can stand beside ours, and rows to count in.
-- Every name carries its schema: behind PgBouncer there is no search_path to rely on.

CREATE SCHEMA poollab;

-- How `poollab` knows that a schema of this name is its own.
COMMENT ON SCHEMA poollab IS 'made by poollab; dropped by it when its run ends';

CREATE TABLE poollab.branches (
    bid int PRIMARY KEY,
    bbalance int NOT NULL,
    filler char(88)
);

CREATE TABLE poollab.tellers (
    tid int PRIMARY KEY,
    bid int NOT NULL,
    tbalance int NOT NULL,
    filler char(84)
);

CREATE TABLE poollab.accounts (
    aid int PRIMARY KEY,
    bid int NOT NULL,
    abalance int NOT NULL,
    filler char(84)
);

CREATE TABLE poollab.history (
    tid int NOT NULL,
    bid int NOT NULL,
    aid int NOT NULL,
    delta int NOT NULL,
    mtime timestamp NOT NULL,
    filler char(22)
);

-- For `hot-row`: `version` is what an optimistic writer compares.
CREATE TABLE poollab.counters (
    id int PRIMARY KEY,
    n bigint NOT NULL,
    version bigint NOT NULL
);

INSERT INTO poollab.branches (bid, bbalance, filler)
SELECT bid, 0, '' FROM generate_series(1, 10) AS bid;

INSERT INTO poollab.tellers (tid, bid, tbalance, filler)
SELECT tid, (tid - 1) / 10 + 1, 0, '' FROM generate_series(1, 100) AS tid;

INSERT INTO poollab.accounts (aid, bid, abalance, filler)
SELECT aid, (aid - 1) / 10000 + 1, 0, '' FROM generate_series(1, 100000) AS aid;

INSERT INTO poollab.counters (id, n, version)
SELECT id, 0, 0 FROM generate_series(1, 10) AS id;
