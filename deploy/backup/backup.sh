#!/bin/sh
# Back up once: dump, restore the dump beside the live database, compare, and delete dumps that are too old.
# PGHOST, PGUSER, PGDATABASE and PGPASSWORD (or the file PGPASSWORD_FILE) name the database, as a user who may create one.
# It ends with 1 and leaves the dump as *.part where the restored database does not hold what the live one holds.
set -eu
umask 077
folder=${BACKUP_DIR:-/backups}
days=${BACKUP_DAYS:-35}
drill="${PGDATABASE:?PGDATABASE names the database}_drill"
[ -z "${PGPASSWORD_FILE:-}" ] || PGPASSWORD=$(cat "$PGPASSWORD_FILE")
export PGPASSWORD="${PGPASSWORD:-}"

count() { # how many facts and events a database holds
    psql --no-psqlrc --quiet --no-align --tuples-only --dbname="$1" \
        --command='SELECT (SELECT count(*) FROM souschef.fact) + (SELECT count(*) FROM souschef.inbox)'
}

dump="$folder/souschef-$(date -u +%Y-%m-%dT%H%M%SZ).dump"
before=$(count "$PGDATABASE")
pg_dump --enable-row-security --format=custom --file="$dump.part"
after=$(count "$PGDATABASE")

dropdb --if-exists --force "$drill"
createdb --template=template0 --encoding=UTF8 "$drill"
trap 'dropdb --if-exists --force "$drill"' EXIT
pg_restore --exit-on-error --single-transaction --no-owner --dbname="$drill" "$dump.part"
restored=$(count "$drill")
if [ "$restored" -lt "$before" ] || [ "$restored" -gt "$after" ]; then
    echo "The drill failed: $restored facts and events restored, $before to $after in the live database. See $dump.part" >&2
    exit 1
fi
mv "$dump.part" "$dump"
find "$folder" -name 'souschef-*.dump' -mtime "+$days" -exec rm {} +
echo "$dump: restored and compared, $restored facts and events."
