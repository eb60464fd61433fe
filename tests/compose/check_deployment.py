"""The whole platform in containers: it ends where it must, whatever is taken away from it on the way."""

import itertools
import json
import os
import subprocess

import pytest

from tests.compose.deployment import CONTAINERS, PROJECT, SERVICES, Deployment, eventually, run

TOTAL = "99.21"
IMAGE_BYTES_MAX = 250_000_000  # Over its base; 68 of them are typst, which prints the forms.

keys = (f"letter-{number}" for number in itertools.count(1))


def settled(deployment: Deployment) -> None:
    """A new fact arrives in the scores, and nothing else is changed."""
    deployment.count_letters(next(keys))
    eventually(deployment.is_level, "every event applied")
    assert deployment.total() == TOTAL


def test_the_image_adds_little_to_its_base_and_holds_no_compiler() -> None:
    image, base = (
        json.loads(run("docker", "image", "inspect", name))[0]
        for name in (os.environ["TEST_IMAGE"], os.environ["TEST_BASE"])
    )
    look = "for name in cc gcc clang pip; do command -v /opt/scorebus/bin/$name; done; id -u"
    said = run("docker", "run", "--rm", "--read-only", os.environ["TEST_IMAGE"], "sh", "-c", look)

    added = image["Size"] - base["Size"]
    assert added <= IMAGE_BYTES_MAX
    assert said.split() == ["10001"]


def test_the_composition_is_valid_with_every_profile(deployment: Deployment) -> None:
    for profile in ("", "agent", "backup", "observability"):
        assert deployment.compose("--profile", profile, "config", "--quiet") == ""


def test_the_example_played_through_the_published_ports_ends_at_the_score_of_the_report(deployment: Deployment) -> None:
    said = deployment.scorebus("play", "kashgar-2018", "--speed", "instant", "--data", str(deployment.folder))

    assert f"{TOTAL} of 100" in said
    eventually(deployment.is_level, "every event applied")
    assert deployment.total() == TOTAL


def test_what_was_told_over_redis_came_over_redis(deployment: Deployment) -> None:
    figures = deployment.call("GET", "evaluation", "/metrics").text.splitlines()
    applied = sum(float(line.split()[-1]) for line in figures if line.startswith("scorebus_events_applied_total{"))
    pulled = sum(float(line.split()[-1]) for line in figures if line.startswith("scorebus_events_pulled_total{"))

    assert applied > pulled
    assert not [line for line in figures if line.startswith("scorebus_relay_failures_total{")]


def test_data_of_the_earliest_program_survives_the_step_to_this_one(deployment: Deployment) -> None:
    if "TEST_IMAGE_BEFORE" not in os.environ:
        pytest.skip("the history holds no earlier program that could be deployed")
    before = deployment.heads()

    deployment.upgrade(os.environ["TEST_IMAGE"])
    deployment.up()

    image = run("docker", "image", "inspect", "--format", "{{.Id}}", os.environ["TEST_IMAGE"]).strip()
    assert {deployment.inspected(service)["Image"] for service in SERVICES} == {image}
    assert deployment.heads() == before
    settled(deployment)


def test_every_container_is_hardened_and_bounded(deployment: Deployment) -> None:
    for service in CONTAINERS:
        host = deployment.inspected(service)["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert host["Memory"] > 0, service
        assert host["PidsLimit"] > 0, service
        assert host["RestartPolicy"]["Name"] == "unless-stopped", service
        published = [binding["HostIp"] for each in (host["PortBindings"] or {}).values() for binding in each]
        assert set(published) <= {"127.0.0.1"}, service
        assert bool(published) == (service in (*SERVICES, "console")), service


def test_no_environment_and_no_command_line_holds_a_secret(deployment: Deployment) -> None:
    private = {path.read_text().strip() for path in (deployment.folder / "keys").iterdir() if path.name != "public.pem"}

    for service in CONTAINERS:
        shown = json.dumps(deployment.inspected(service)) + deployment.compose("top", service)
        assert not [secret for secret in private if secret in shown], service


def test_a_service_cannot_reach_the_database_of_another(deployment: Deployment) -> None:
    password = (deployment.folder / "keys" / "budget.postgres").read_text()
    words = ("exec", "-T", "-e", f"PGPASSWORD={password}", "postgres", "psql", "-h", "127.0.0.1", "-U", "budget")

    assert "1 row" in deployment.compose(*words, "-d", "budget", "-c", "SELECT 1")
    with pytest.raises(AssertionError, match="permission denied for database"):
        deployment.compose(*words, "-d", "evaluation", "-c", "SELECT 1")


@pytest.mark.parametrize("victim", CONTAINERS)
def test_a_killed_process_comes_back_by_itself(deployment: Deployment, victim: str) -> None:
    before = deployment.inspected(victim)["RestartCount"]

    # From inside: an engine does not start again what it was itself told to kill.
    kill = "kill -9 $(cat /proc/1/task/1/children)"
    subprocess.run(["docker", "exec", deployment.container(victim), "sh", "-c", kill], capture_output=True, check=False)

    eventually(lambda: deployment.inspected(victim)["RestartCount"] > before, f"{victim} started again")
    eventually(lambda: all(deployment.is_ready(service) for service in SERVICES), "every service ready")
    eventually(lambda: deployment.is_healthy(victim), f"{victim} healthy")
    settled(deployment)


def test_redis_may_lose_its_volume(deployment: Deployment) -> None:
    deployment.compose("rm", "--stop", "--force", "redis")
    run("docker", "volume", "rm", f"{deployment.project}_redis")
    deployment.count_letters(next(keys))  # Nobody waits for Redis.

    deployment.up("redis")

    eventually(lambda: all(deployment.is_ready(service) for service in SERVICES), "every service ready")
    settled(deployment)


def test_evaluation_without_redis_pulls_what_it_misses(deployment: Deployment) -> None:
    deployment.network("disconnect", "bus", "evaluation")
    try:
        settled(deployment)
        eventually(lambda: not deployment.is_ready("evaluation"), "evaluation saying that the bus is away")
    finally:
        deployment.network("connect", "bus", "evaluation")

    eventually(lambda: deployment.is_ready("evaluation"), "evaluation ready")
    settled(deployment)


def test_evaluation_without_its_database_says_so_and_recovers(deployment: Deployment) -> None:
    deployment.network("disconnect", "store", "evaluation")
    try:
        eventually(
            lambda: deployment.call("GET", "evaluation", f"/projects/{PROJECT}/score").status_code == 503,
            "evaluation refusing",
        )
        deployment.count_letters(next(keys))  # The others go on.
    finally:
        deployment.network("connect", "store", "evaluation")

    eventually(lambda: deployment.is_ready("evaluation"), "evaluation ready")
    settled(deployment)


def test_down_and_up_again_keeps_everything(deployment: Deployment) -> None:
    before = deployment.heads()

    deployment.compose("down", "--timeout", "30")
    deployment.up()

    assert deployment.heads() == before
    settled(deployment)


def test_a_backup_goes_into_an_empty_deployment(deployment: Deployment) -> None:
    words = ("run", "--rm", "-T", "backup")
    place = ("-", "--database-urls", "/run/secrets")
    before = deployment.heads()
    deployment.count_letters(next(keys))  # Not in the backup, or in it: posted again below, it counts once.
    copy = deployment.folder / "backup.tar.gz"
    deployment.upgrade(os.environ["TEST_IMAGE"])

    copy.write_bytes(deployment.compose_bytes(*words, "backup", *place))
    deployment.compose("down", "--volumes", "--timeout", "30")
    deployment.up("postgres")
    deployment.compose_bytes(*words, "restore", *place, given=copy.read_bytes())
    deployment.up()

    after = deployment.heads()
    assert all(after[service]["epoch"] != before[service]["epoch"] for service in SERVICES)
    assert after["budget"]["partitions"] == before["budget"]["partitions"]
    settled(deployment)


def test_a_stranger_with_the_feeds_alone_finds_every_chain_and_score_true(deployment: Deployment) -> None:
    said = json.loads(deployment.scorebus("verify", "--json", "--data", str(deployment.folder)))

    assert said["outcome"] == "true"
    assert {each["source"] for each in said["sources"]} == set(SERVICES)
