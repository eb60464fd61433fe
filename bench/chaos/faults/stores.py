"""Disks and databases that refuse, lie about, lock or lose what they hold."""

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import time
from pathlib import Path

from bench.chaos.scene import Scene, Skip, Struck, fault


async def _injected(scene: Scene, service: str, calls: str, error: str, seconds: float) -> Struck:
    """Have system calls of a running service fail, by a tracer that attaches to it."""
    tracer = shutil.which("strace")
    if tracer is None:
        raise Skip("strace is not installed")
    pid, note = await scene.cluster.pid(service), scene.cluster.points / "traced.struck"
    words = ["-f", "-p", str(pid), "-o", str(note), "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"]
    tracing = await asyncio.create_subprocess_exec(
        tracer, *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        await asyncio.sleep(seconds)
        if tracing.returncode is not None:
            assert tracing.stderr is not None
            raise Skip(f"strace may not attach: {(await tracing.stderr.read()).decode()[-100:]}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            tracing.send_signal(signal.SIGINT)
        await tracing.wait()
    scene.mark()
    injected = note.read_text(errors="replace").count("(INJECTED)")
    note.unlink()
    return {"failed calls": injected}


@fault("F27", "budget's disk is full for 4 s (ENOSPC of every write)", "store", quick=True)
async def budget_full(scene: Scene) -> Struck:
    refused = scene.load.journal.statuses[503]
    struck = await _injected(scene, "budget", "pwrite64", "ENOSPC", 4.0)
    return {**struck, "answers 503": scene.load.journal.statuses[503] - refused}


@fault("F28", "evaluation's disk is full for 4 s", "store")
async def evaluation_full(scene: Scene) -> Struck:
    return await _injected(scene, "evaluation", "pwrite64", "ENOSPC", 4.0)


@fault("F29", "monitoring's disk does not sync (EIO of every fdatasync), 4 s", "store")
async def no_sync(scene: Scene) -> Struck:
    refused = scene.load.journal.statuses[503]
    struck = await _injected(scene, "monitoring", "fdatasync,fsync", "EIO", 4.0)
    return {**struck, "answers 503": scene.load.journal.statuses[503] - refused}


@fault("F29b", "evaluation's disk does not sync, 4 s", "store")
async def evaluation_no_sync(scene: Scene) -> Struck:
    return await _injected(scene, "evaluation", "fdatasync,fsync", "EIO", 4.0)


@fault("F30", "budget may not write beyond 64 KiB of any file, its own log included (RLIMIT_FSIZE), 4 s", "store")
async def short_files(scene: Scene) -> Struck:
    pid, refused = await scene.cluster.pid("budget"), scene.load.journal.statuses[503]
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (65_536, hard))
    try:
        await asyncio.sleep(4.0)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
    scene.mark()
    return {"answers 503": scene.load.journal.statuses[503] - refused}


@fault("F32", "monitoring's database file is spoilt while it is stopped: it does not start until mended", "store")
async def spoilt(scene: Scene) -> Struck:
    cluster = scene.cluster
    path = cluster.folder.database("monitoring")
    await cluster.hold("monitoring")
    with path.open("r+b") as file:
        true = file.read(100)
        file.seek(0)
        file.write(scene.rng.randbytes(100))
    log = cluster.folder.logs / "monitoring.log"
    before, heard = log.stat().st_size, len(cluster.said)
    keeper = cluster.keep("monitoring")
    await cluster.until(
        lambda: any("monitoring" in line and "ended" in line for line in cluster.said[heard:]), "its end"
    )
    cluster.keepers.pop("monitoring")
    await keeper.stop()
    with path.open("r+b") as file:
        file.write(true)
    with log.open() as said:
        said.seek(before)
        text = said.read()
    cluster.keep("monitoring")
    scene.mark()
    await scene.ready()
    return {"said why": text.count('"database_cannot_be_opened"'), "refused starts": 1}


async def _copied(scene: Scene, service: str) -> Path:
    """A backup as docs/operating.md has it made, of a running service."""
    path = scene.cluster.folder.database(service)
    copy = path.with_name(f"{service}-copy-{time.monotonic_ns()}.db")

    def make() -> None:
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as database:
            database.execute("VACUUM INTO ?", [str(copy)])

    await asyncio.to_thread(make)
    return copy


def _put(copy: Path, path: Path) -> None:
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    copy.replace(path)


async def _watermark(scene: Scene, consumer: str, source: str) -> dict[str, object]:
    answer = await scene.cluster.get(consumer, "/reconciliation")
    return next(each for each in answer["sources"] if each["source"] == source)


@fault("F33", "evaluation's database is replaced by an older copy", "store")
async def consumer_restored(scene: Scene) -> Struck:
    cluster = scene.cluster
    copy = await _copied(scene, "evaluation")
    promised = await scene.goes_on(40)
    await cluster.hold("evaluation")
    before = (cluster.folder.logs / "evaluation.log").read_text().count('"epoch_begun"')
    _put(copy, cluster.folder.database("evaluation"))
    cluster.keep("evaluation")
    scene.mark()
    await scene.ready()
    begun = (cluster.folder.logs / "evaluation.log").read_text().count('"epoch_begun"') - before
    return {"promises forgotten": promised, "epochs begun": begun}


@fault(
    "F34",
    "monitoring's database is replaced by an older copy: diverged, not final; then the true one comes back",
    "store",
)
async def source_restored(scene: Scene) -> Struck:
    cluster, path = scene.cluster, scene.cluster.folder.database("monitoring")
    copy = await _copied(scene, "monitoring")
    facts = len([each for each in scene.load.journal.entries if each.service == "monitoring"])
    await cluster.until(
        lambda: len([e for e in scene.load.journal.entries if e.service == "monitoring" and e.name]) > facts + 5, "more"
    )
    scene.load.paused.add("monitoring")
    await asyncio.sleep(1.0)
    heads = await scene.heads()
    await cluster.until(lambda: scene.is_applied(heads), "evaluation ahead of the copy")
    await cluster.hold("monitoring")
    aside = path.with_name("monitoring-true.db")
    path.replace(aside)
    _put(copy, path)
    cluster.keep("monitoring")

    async def diverged() -> bool:
        return bool((await _watermark(scene, "evaluation", "monitoring"))["diverged"])

    async def not_final() -> bool:
        score = await cluster.get("evaluation", "/projects/chaos-a/score")
        return "diverged" in score["reasons"]

    await cluster.until(diverged, "the divergence seen")
    await cluster.until(not_final, "scores that say so")
    seconds = time.monotonic()
    await cluster.hold("monitoring")
    _put(aside, path)
    cluster.keep("monitoring")
    scene.mark()
    await scene.ready()

    async def level() -> bool:
        return not await diverged()

    await cluster.until(level, "the true history followed again")
    scene.load.paused.clear()
    return {"diverged": 1, "not final": 1, "whole again s": round(time.monotonic() - seconds, 2)}


@fault("F35", "another connection holds budget's database for 7 s (BEGIN EXCLUSIVE)", "store", quick=True)
async def locked(scene: Scene) -> Struck:
    statuses = scene.load.journal.statuses
    before = statuses[503] + statuses[0]
    path = scene.cluster.folder.database("budget")

    def hold() -> None:
        with contextlib.closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as database:
            database.execute("BEGIN EXCLUSIVE")
            time.sleep(7.0)
            database.execute("ROLLBACK")

    await asyncio.to_thread(hold)
    scene.mark()
    return {"locked s": 7, "refused or unanswered": statuses[503] + statuses[0] - before}


@fault("F35b", "a reader holds a snapshot of evaluation's database for 8 s", "store")
async def long_read(scene: Scene) -> Struck:
    path = scene.cluster.folder.database("evaluation")
    log = path.with_name(path.name + "-wal")

    def hold() -> int:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as database:
            database.execute("BEGIN")
            before = database.execute("SELECT count(*) FROM received_event").fetchone()
            time.sleep(8.0)
            assert database.execute("SELECT count(*) FROM received_event").fetchone() == before, "no snapshot"
            database.execute("ROLLBACK")
        return log.stat().st_size

    size = await asyncio.to_thread(hold)
    scene.mark()
    assert size < 64 * 2**20, f"the log grew to {size} bytes"
    return {"held s": 8, "WAL KiB": size // 1024}


async def _role(scene: Scene, port: int) -> str:
    answer = await scene.cluster.client.get(f"http://127.0.0.1:{port}/readyz")
    return str(answer.json().get("role", "active"))


@fault("F8", "evaluation freezes, a second one takes over; thawed, the first one gives up", "store", store="postgresql")
async def zombie(scene: Scene) -> Struck:
    cluster = scene.cluster
    name, program, port = cluster.second("evaluation")
    cluster.keep(name, program)

    async def standby() -> bool:
        return await _role(scene, port) == "standby"

    async def active() -> bool:
        return await _role(scene, port) == "active"

    await cluster.until(standby, "the standby")
    pid, began = await cluster.signal("evaluation", signal.SIGSTOP), time.monotonic()
    try:
        await cluster.until(active, "the takeover")
        takeover = time.monotonic() - began
        cluster.active["evaluation"] = port
        await scene.goes_on(20)
    finally:
        os.kill(pid, signal.SIGCONT)
    await cluster.until(lambda: cluster.keepers["evaluation"].pid not in (pid, None), "the end of the zombie")
    await cluster.until(lambda: _answers(scene), "its successor as a standby")
    scene.mark()
    cluster.active["evaluation"] = cluster.ports["evaluation"]
    await cluster.hold(name)
    await scene.ready()
    return {"takeover s": round(takeover, 2), "gave up": 1}


async def _answers(scene: Scene) -> bool:
    port = scene.cluster.ports["evaluation"]
    return (await scene.cluster.client.get(f"http://127.0.0.1:{port}/livez")).is_success


@fault("F36", "every session of budget and evaluation ended by the server, ten times", "store", store="postgresql")
async def terminated(scene: Scene) -> Struck:
    ended = 0
    assert scene.cluster.postgres is not None
    for _ in range(10):
        await scene.pause(0.1, 0.5)
        for service in ("budget", "evaluation"):
            ended += await asyncio.to_thread(scene.cluster.postgres.terminate, service)
    scene.mark()
    return {"sessions ended": ended}


@fault(
    "F36b",
    "PostgreSQL stopped without a checkpoint (immediate), back after 3 s",
    "store",
    store="postgresql",
    quick=False,
)
async def crashed(scene: Scene) -> Struck:
    postgres, refused = scene.cluster.postgres, scene.load.journal.statuses[503]
    assert postgres is not None
    await asyncio.to_thread(postgres.crash)
    await asyncio.sleep(3.0)
    await asyncio.to_thread(postgres.start_again)
    scene.mark()
    return {"crashes": 1, "answers 503": scene.load.journal.statuses[503] - refused}


@fault("F36c", "the link to PostgreSQL silent for 6 s, then reset", "store", store="postgresql")
async def database_silent(scene: Scene) -> Struck:
    links = scene.cluster.links("db:")
    for link in links:
        link.struck = 0
        link.silence()
    await asyncio.sleep(6.0)
    touched = sum(link.struck for link in links)
    for link in links:
        link.heal()
    scene.mark()
    return {"touched": touched}


@fault(
    "F36d",
    "answers of PostgreSQL lost during commits: requests arrive, nothing comes back, three times",
    "store",
    store="postgresql",
)
async def commits_unheard(scene: Scene) -> Struck:
    links = scene.cluster.links("db:budget")
    for link in links:
        link.struck = 0
    for _ in range(3):
        for link in links:
            link.silence(there=False)
        await asyncio.sleep(0.8)
        for link in links:
            link.heal()
        await scene.goes_on(5)
    scene.mark()
    return {"touched": sum(link.struck for link in links)}


@fault("F36e", "budget and evaluation killed, on PostgreSQL", "process", store="postgresql")
async def killed_on_postgres(scene: Scene) -> Struck:
    kills = await asyncio.gather(scene.cluster.kill("budget"), scene.cluster.kill("evaluation"))
    scene.mark(max(kills))
    await scene.ready()
    return {"kills": len(kills)}
