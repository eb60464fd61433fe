#!/usr/bin/env bash
# Installs the bundle and plays the example where there is no network at all: `make test-bundle`.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$1
if ! unshare --net --map-root-user true 2>/dev/null; then
  echo "The bundle was NOT tested: this machine gives no network of its own (unshare)."
  exit 0
fi
place=$(mktemp -d "${TMPDIR:-/tmp}/scorebus-installed.XXXXXX")
trap 'rm -rf "$place"' EXIT
tar -xzf dist/scorebus-*.tar.gz -C "$place" --strip-components 1
unshare --net --map-root-user bash -euo pipefail -s "$place" "$("$bin/python" -c 'import sys; print(sys._base_executable)')" <<'IN'
cd "$1"
ip link set lo up 2>/dev/null || "$2" - <<'P'
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 0x49))  # SIOCSIFFLAGS: up, loopback, running.
P
if "$2" -c 'import socket; socket.create_connection(("192.0.2.1", 80), 2)' 2>/dev/null; then echo "there is a route" >&2; exit 1; fi
./install.sh "$2" >/dev/null
scorebus/bin/scorebus up --play examples/kashgar-2018 --speed 1 --data data >up.log 2>&1 &
up=$!
for _ in $(seq 600); do grep -q 'Played kashgar-2018' up.log && break; kill -0 $up || break; sleep 0.5; done
kill $up 2>/dev/null; wait $up 2>/dev/null || true
grep 'Played kashgar-2018.*99.21 of 100' up.log || { tail -n 20 up.log; exit 1; }
IN
echo "The bundle installs and works without a network."
