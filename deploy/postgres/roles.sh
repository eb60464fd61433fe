#!/bin/sh
# Runs once, in an empty PostgreSQL: a database and a role for each service, and no way from one to the other.
# Passwords come from files and go to psql by its standard input: no list of processes shows them.
set -eu

for service in budget procurement monitoring evaluation; do
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<SQL
CREATE ROLE $service LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 20
  PASSWORD '$(cat "/run/secrets/$service.postgres")';
CREATE DATABASE $service OWNER $service ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE $service FROM PUBLIC;
SQL
done
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
SQL
