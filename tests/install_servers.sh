#!/usr/bin/env bash
# Installs what the tests talk to and Python packages cannot bring: a ClickHouse server and Chromium, from the
# distribution. Kafka needs nothing: its jars are fetched, checked and kept by the first test that starts a broker.
set -euo pipefail

missing=()
command -v clickhouse-server >/dev/null || [ -x /usr/sbin/clickhouse-server ] || missing+=(clickhouse-server)
[ -x /usr/bin/chromium ] || missing+=(chromium)
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "the tests need ${missing[*]}; install them with this system's package manager" >&2
  exit 1
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "setup: ${missing[*]} from the distribution"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update -qq &&
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "could not install ${missing[*]}; the tests need them" >&2
  exit 1
fi
