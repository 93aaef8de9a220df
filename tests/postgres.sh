#!/bin/sh
# Runs the store and job tests on a PostgreSQL of their own: a throw-away cluster on localhost, removed afterwards.
# Arguments go to pytest. Without PostgreSQL's server programs it says so and ends well.
set -eu
cd "$(dirname "$0")/.."

python=python3
if [ -x .venv/bin/python ]; then python=.venv/bin/python; fi

programs=
for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then programs=$folder; fi
done
if [ -z "$programs" ] && command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
    programs=$(dirname "$(command -v initdb)")
fi
if [ -z "$programs" ]; then
    echo "No PostgreSQL server is installed (Debian: apt install postgresql), so its tests were not run."
    exit 0
fi

# PostgreSQL refuses to run as root.
as=
owner=$(id -un)
if [ "$(id -u)" = 0 ]; then
    if id postgres >/dev/null 2>&1; then owner=postgres; else owner=nobody; fi
    if command -v setpriv >/dev/null; then
        as="setpriv --reuid=$owner --regid=$(id -g "$owner") --clear-groups"
    else
        as="su $owner -s /bin/sh -c"
    fi
fi
run() {
    case $as in
    "") (cd "$place" && "$@") ;;
    su*) (cd "$place" && $as "$*") ;;
    *) (cd "$place" && $as "$@") ;;
    esac
}

place=$(mktemp -d "${TMPDIR:-/tmp}/preflight-postgres.XXXXXX")
remove() {
    run "$programs/pg_ctl" -D "$place/data" -m immediate -s stop >/dev/null 2>&1 || true
    rm -rf "$place"
}
trap remove EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

password=$("$python" -c 'import secrets; print(secrets.token_hex(16))')
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(umask 077 && echo "$password" >"$place/password")
if [ -n "$as" ]; then chown -R "$owner" "$place"; fi

run "$programs/initdb" -D "$place/data" -U preflight --pwfile="$place/password" --auth=scram-sha-256 -E UTF8 \
    --locale=C >"$place.log" 2>&1 || { cat "$place.log"; rm -f "$place.log"; exit 1; }
rm -f "$place.log"
cat >>"$place/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$place'
fsync = off
CONF
run "$programs/pg_ctl" -D "$place/data" -l "$place/log" -w -s start || { cat "$place/log"; exit 1; }

echo "PostgreSQL: $("$programs/postgres" --version)"
PREFLIGHT_TEST_POSTGRES="postgresql://preflight:$password@127.0.0.1:$port/postgres"
export PREFLIGHT_TEST_POSTGRES
status=0
"$python" -m pytest -m postgres -n auto --dist loadfile --tb=short tests/unit/test_store.py tests/jobs "$@" || status=$?
exit $status
