-- What the container has beyond schema.sql and roles.sql.
CREATE EXTENSION pg_stat_statements;
GRANT pg_read_all_stats TO poollab_app;

-- `poollab run` makes a schema of its own and drops it at the end; the services keep theirs meanwhile.
CREATE DATABASE loadtest;
REVOKE ALL ON DATABASE loadtest FROM PUBLIC;
GRANT CONNECT, CREATE ON DATABASE loadtest TO poollab_app;
\connect loadtest
CREATE EXTENSION pg_stat_statements;
