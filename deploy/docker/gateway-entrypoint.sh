#!/bin/bash
# Runs Envoy as the container's first process, with what the official image has: bash and coreutils, no curl.
#
#   GATEWAY_ROLE   edge or jobs: which bootstrap of GATEWAY_FILES is served
#   PORT           where to listen; 8080 by default, as on Cloud Run
#   GATEWAY_WORKERS worker threads of Envoy, one for each CPU of the instance; 1 by default
#   DRAIN_SECONDS  from SIGTERM until Envoy is told to end: Cloud Run kills after 10 s
#   GATEWAY_FILES  /etc/kumiko by default
#   TMPDIR         a folder that can be written; /tmp by default
set -uo pipefail

fail() {
  printf '{"severity":"CRITICAL","message":"%s"}\n' "$1" >&2
  exit 1
}

role=${GATEWAY_ROLE:-}
case $role in
  edge | jobs) ;;
  *) fail 'GATEWAY_ROLE is missing or wrong: expected edge or jobs' ;;
esac
port=${PORT:-8080}
[[ $port =~ ^[1-9][0-9]{0,4}$ ]] && ((port <= 65535)) || fail 'PORT is wrong: expected a port from 1 to 65535'
workers=${GATEWAY_WORKERS:-1}
[[ $workers =~ ^[1-9][0-9]?$ ]] || fail 'GATEWAY_WORKERS is wrong: expected a number from 1 to 99'
drain_seconds=${DRAIN_SECONDS:-7}
[[ $drain_seconds =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail 'DRAIN_SECONDS is wrong: expected seconds such as 7'
source=${GATEWAY_FILES:-/etc/kumiko}/$role.yaml
bootstrap=$(<"$source") || fail "$source cannot be read"

# The listener's port is the one 8080 of the file: the build has checked that. The admin port is read, not known twice.
bootstrap=${bootstrap/port_value: 8080/port_value: $port}
[[ $bootstrap =~ admin:[[:space:]]+address:[[:space:]]+socket_address:[[:space:]]+address:\ 127\.0\.0\.1[[:space:]]+port_value:\ ([0-9]+) ]] ||
  fail "$source has no admin address on 127.0.0.1"
admin_port=${BASH_REMATCH[1]}
file=${TMPDIR:-/tmp}/$role.yaml
printf '%s\n' "$bootstrap" >"$file" || fail "$file cannot be written: the container needs a writable folder in TMPDIR"

# POST to Envoy's admin port. Fails where Envoy does not answer 200 within a second.
admin() {
  local status=
  exec 3<>"/dev/tcp/127.0.0.1/$admin_port" || return 1
  printf 'POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n' "$1" >&3
  read -r -t 1 _ status _ <&3
  exec 3<&- 3>&-
  [[ $status == 200 ]]
} 2>/dev/null

# Envoy ends at once on SIGTERM. So first: health checks fail and no connection is kept or taken, while calls that are under way go on.
stop() {
  trap '' TERM INT
  stopping=yes
  if admin /healthcheck/fail && admin '/drain_listeners?graceful'; then
    sleep "$drain_seconds" &
    # Nothing is left to wait for where Envoy has ended by itself.
    wait -n "$envoy" $!
  else
    printf '{"severity":"WARNING","message":"Envoy did not answer on its admin port: it ends without a drain"}\n' >&2
  fi
  kill -TERM "$envoy" 2>/dev/null
}

stopping=
trap stop TERM INT
# Access log lines are held back for ten seconds otherwise. Spans are sent once a second, and not at the end: the drain is longer.
envoy -c "$file" --concurrency "$workers" --disable-hot-restart --file-flush-interval-msec 1000 \
  --log-level warning --component-log-level wasm:info --drain-time-s "${drain_seconds%.*}" --drain-strategy immediate &
envoy=$!
wait "$envoy"
code=$?
# The first wait was interrupted by the signal.
if [[ -n $stopping ]]; then
  wait "$envoy"
  code=$?
fi
exit "$code"
