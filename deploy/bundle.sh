#!/usr/bin/env bash
# Makes dist/scorebus-VERSION.tar.gz, which install.sh in it installs without a network: `make bundle`. The wheels are
# those of this machine's kind and Python. The image goes in where an engine has it.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$1
version=$("$bin/python" -c 'from importlib.metadata import version; print(version("scorebus"))')
name=scorebus-$version
place=$(mktemp -d "${TMPDIR:-/tmp}/scorebus-bundle.XXXXXX")
trap 'rm -rf "$place"' EXIT
mkdir -p "$place/$name" dist

pip=("$bin/python" -m pip --quiet --no-input --disable-pip-version-check)
"${pip[@]}" download --no-deps --require-hashes --only-binary :all: --dest "$place/$name/wheels" --requirement requirements.lock
mkdir "$place/source"
cp -r pyproject.toml README.md LICENSE cli services shared "$place/source"
"${pip[@]}" wheel --no-deps --no-build-isolation --wheel-dir "$place/$name/wheels" "$place/source"
cp -r requirements.lock README.md LICENSE CHANGELOG.md docs examples deploy/install.sh "$place/$name"
mkdir "$place/$name/deploy"
git ls-files -z deploy | xargs -0 cp --parents --target-directory "$place/$name"
if images=$(docker image ls --quiet scorebus:latest 2>/dev/null) && [ -n "$images" ]; then
  docker save scorebus:latest | gzip >"$place/$name/images.tar.gz"
else
  echo "Without the image: no engine has scorebus:latest (make image)." >&2
fi
tar -czf "dist/$name.tar.gz" --owner=0 --group=0 -C "$place" "$name"
(cd dist && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
du -h "dist/$name.tar.gz"
