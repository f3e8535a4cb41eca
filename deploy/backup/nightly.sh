#!/bin/sh
# Back up every night at 01:30 UTC, before the nightly job of 03:10; the first time at once, to see that it works.
set -u
while :; do
    /deploy/backup.sh || echo "The backup failed." >&2
    now=$(date -u +%s)
    sleep $((86400 - (now - 5400) % 86400))
done
