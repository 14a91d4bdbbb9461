-- For an installation from before MLflow had a role of its own, once, with Mantik and MLflow stopped; see
-- docs/operators.md. Run by psql as the role mantik in the database mlflow.
\set ON_ERROR_STOP on
\set mlflow_password `cat /run/secrets/mlflow_postgres_password`
BEGIN;
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password';
ALTER DATABASE mlflow OWNER TO mlflow;
-- REASSIGN OWNED will not do: mantik is the role that PostgreSQL was set up with. Sequences follow their tables.
SELECT format('ALTER TABLE %I.%I OWNER TO mlflow', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'
\gexec
REVOKE ALL ON DATABASE mlflow FROM PUBLIC;
REVOKE ALL ON DATABASE mantik FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
COMMIT;
