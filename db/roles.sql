-- What the embedded cluster has beyond schema.sql: the role of the service. It owns nothing. Its password,
-- like the superuser's, is set anew at each start; until then neither of them can log in.
CREATE ROLE poollab_app LOGIN;
REVOKE ALL ON DATABASE poollab FROM PUBLIC;
GRANT CONNECT ON DATABASE poollab TO poollab_app;
GRANT USAGE ON SCHEMA poollab TO poollab_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA poollab TO poollab_app;
