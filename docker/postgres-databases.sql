-- MLflow's database and its own role, which reaches nothing of Mantik's. Run once, by psql, on an empty server.
\set mlflow_password `cat /run/secrets/mlflow_postgres_password`
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password';
CREATE DATABASE mlflow OWNER mlflow;
REVOKE ALL ON DATABASE mlflow FROM PUBLIC;
REVOKE ALL ON DATABASE mantik FROM PUBLIC;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
