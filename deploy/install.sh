#!/bin/sh
# Installs Scorebus from this bundle into ./scorebus; needs Python and nothing from any network.
set -eu
cd "$(dirname "$0")"

python=${1:-python3}
"$python" -m venv scorebus
scorebus/bin/python -m pip install --quiet --disable-pip-version-check --no-index --find-links wheels \
  --no-deps --require-hashes --requirement requirements.lock
scorebus/bin/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps wheels/scorebus-*.whl
if [ -f images.tar.gz ] && command -v docker >/dev/null 2>&1; then
  docker load --quiet --input images.tar.gz || echo "The images were not loaded: docker load --input images.tar.gz" >&2
fi
echo "Installed. Start: scorebus/bin/scorebus up --play examples/kashgar-2018 --speed 60"
