"""What happens to Redis: it forgets, refuses, stalls, or comes back as somebody else."""

import asyncio
import time
from dataclasses import replace
from typing import Any

from redis.exceptions import RedisError

from bench.chaos.scene import Scene, Struck, fault
from cli.ports import free_port
from shared.clock import SystemClock
from shared.database import Database
from shared.log import EventLog
from shared.relay import Relay, stream_name

BUDGET = stream_name("budget", 0)


@fault("F11", "FLUSHALL, five times at random", "bus", quick=True)
async def flushed(scene: Scene) -> Struck:
    gone = 0
    async with scene.cluster.bus() as bus:
        for _ in range(5):
            await scene.pause(0.1, 0.6)
            gone += await bus.dbsize()
            await bus.flushall()
    scene.mark()
    return {"flushes": 5, "keys gone": gone}


@fault("F12", "Valkey killed; it comes back empty", "bus", quick=True)
async def killed(scene: Scene) -> Struck:
    scene.mark(await scene.cluster.kill("valkey"))
    return {"kills": 1, "promises meanwhile": await scene.goes_on()}


@fault("F16", "streams cut to nothing (XTRIM MAXLEN 0), ten times", "bus")
async def trimmed(scene: Scene) -> Struck:
    gone = 0
    async with scene.cluster.bus() as bus:
        for _ in range(10):
            for source in ("budget", "monitoring", "procurement"):
                gone += await bus.xtrim(stream_name(source, 0), maxlen=0, approximate=False)
            await asyncio.sleep(0.15)
    scene.mark()
    return {"entries gone": gone}


@fault("F7", "three relays more send budget's whole log, each at its own pace", "bus")
async def more_relays(scene: Scene) -> Struck:
    cluster = scene.cluster
    log = EventLog("budget", SystemClock())
    key = bytes.fromhex((cluster.folder.keys / "budget.mac").read_text().strip())
    database = Database(f"sqlite:///{cluster.folder.database('budget')}")
    await asyncio.to_thread(database.start)
    try:
        assert database.role == "standby", "it must not be the one that writes"
        relays = [Relay(database, log, 0, key) for _ in range(3)]

        async def send() -> None:
            async with cluster.bus() as bus:
                await asyncio.gather(*(_send_all(relay, bus, number * 7) for number, relay in enumerate(relays)))

        dropped = await scene.heard(send, "scorebus_events_duplicate_total", source="budget")
        return {"relays": 3, "duplicates dropped": dropped}
    finally:
        await asyncio.to_thread(database.close)


async def _send_all(relay: Relay, bus: Any, seq: int) -> None:
    """Let a relay that knows no better send everything after *seq*."""
    relay._cursor = seq  # noqa: SLF001
    while await relay._send(bus):  # noqa: SLF001
        await asyncio.sleep(0.01)


@fault("F10", "Valkey does not answer for 5 s (DEBUG SLEEP)", "bus")
async def asleep(scene: Scene) -> Struck:
    async with scene.cluster.bus() as bus:
        sleep = asyncio.create_task(bus.execute_command("DEBUG", "SLEEP", "5"))
        promised = await scene.goes_on(20)
        await sleep
    scene.mark()
    return {"slept s": 5, "promises meanwhile": promised}


@fault("F10b", "Valkey holds all writes for 4 s (CLIENT PAUSE)", "bus")
async def paused(scene: Scene) -> Struck:
    async with scene.cluster.bus() as bus:
        await bus.execute_command("CLIENT", "PAUSE", "4000", "WRITE")
        promised = await scene.goes_on(20)
        await asyncio.sleep(4.0)
    scene.mark()
    return {"paused s": 4, "promises meanwhile": promised}


@fault("F13", "Valkey killed; it comes back with an older copy of its data", "bus")
async def rolled_back(scene: Scene) -> Struck:
    cluster = scene.cluster
    dump = cluster.folder.valkey / "dump.rdb"
    async with cluster.bus() as bus:
        await bus.execute_command("SAVE")
        copied = (await bus.xrevrange(BUDGET, count=1))[0][0]
    await scene.goes_on(25)
    scene.mark(await cluster.kill("valkey"))

    async def loaded() -> int:
        async with cluster.bus() as bus:
            return int(await bus.exists(BUDGET))

    try:
        await cluster.until(loaded, "the older copy")
    finally:
        dump.unlink(missing_ok=True)
    async with cluster.bus() as bus:
        return {"old entry there": len(await bus.xrange(BUDGET, copied, copied))}


@fault("F14", "no Redis at all: every link to it refused, and all is level without it", "bus", quick=True)
async def without(scene: Scene) -> Struck:
    links = scene.cluster.links("bus:")
    for link in links:
        link.struck = 0
        link.cut()
    promised = await scene.goes_on(30)
    heads = await scene.heads()
    began = time.monotonic()
    await scene.cluster.until(lambda: scene.is_applied(heads), "everything applied without Redis")
    seconds = time.monotonic() - began
    refused = sum(link.struck for link in links)
    for link in links:
        link.heal()
    scene.mark()
    return {"promises meanwhile": promised, "refused": refused, "level without it s": round(seconds, 2)}


@fault("F15", "failover to a replica that lagged behind, and back", "bus")
async def failed_over(scene: Scene) -> Struck:
    cluster = scene.cluster
    port = free_port()
    config = cluster.folder.valkey / "replica.conf"
    config.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {cluster.valkey.password}\nmasterauth {cluster.valkey.password}\n"
        f'save ""\nappendonly no\ndir "{cluster.folder.valkey}"\ndbfilename replica.rdb\n'
        f"replicaof 127.0.0.1 {cluster.valkey.port}\n"
    )
    program = cluster.programs["valkey"]
    command = (program.command[0], str(config))
    cluster.keep("replica", replace(program, name="replica", command=command, log=cluster.folder.logs / "replica.log"))
    try:
        async with cluster.bus(port) as replica:

            async def follows() -> bool:
                try:
                    return bool((await replica.info("replication"))["master_link_status"] == "up")
                except RedisError:
                    return False

            await cluster.until(follows, "the replica level")
            await replica.execute_command("REPLICAOF", "NO", "ONE")  # It hears no more, and nobody has noticed.
            behind = await scene.goes_on(25)
            _switch(scene, port)
            scene.mark()
            await scene.goes_on(15)
            heads = await scene.heads()
            await cluster.until(lambda: scene.is_on_bus(heads, port), "the replica filled up")
    finally:
        _switch(scene, cluster.valkey.port)
        await cluster.hold("replica")
    scene.mark()
    return {"entries lost": behind, "failovers": 2}


def _switch(scene: Scene, port: int) -> None:
    scene.cluster.bus_port = port
    for link in scene.cluster.links("bus:"):
        link.reset()


@fault("F17", "something else under the streams' names", "bus")
async def foreign_keys(scene: Scene) -> Struck:
    names = [stream_name(source, 0) for source in ("budget", "monitoring", "procurement")]
    async with scene.cluster.bus() as bus:
        for name in names:
            await bus.delete(name)
            await bus.set(name, "not a stream")
        scene.mark()
        await scene.cluster.until(lambda: _are_streams(bus, names), "streams in their places")
    return {"keys": len(names)}


async def _are_streams(bus: Any, names: list[str]) -> bool:
    return all([await bus.type(name) == b"stream" for name in names])


@fault("F18", "no memory left (maxmemory, noeviction)", "bus")
async def memory_full(scene: Scene) -> Struck:
    before = await _failures(scene)
    async with scene.cluster.bus() as bus:
        await bus.config_set("maxmemory", "1mb")
        promised = await scene.goes_on(20)
        await asyncio.sleep(2.0)
        await bus.config_set("maxmemory", "256mb")
    scene.mark()
    return {"refused writes": await _failures(scene) - before, "promises meanwhile": promised}


async def _failures(scene: Scene) -> float:
    sources = ("budget", "monitoring", "procurement", "evaluation")
    return sum([await scene.cluster.metric(source, "scorebus_relay_failures_total") for source in sources])


@fault("F18b", "the server turns into a read-only replica of nobody", "bus")
async def read_only(scene: Scene) -> Struck:
    before = await _failures(scene)
    async with scene.cluster.bus() as bus:
        await bus.execute_command("REPLICAOF", "127.0.0.1", str(free_port()))
        promised = await scene.goes_on(20)
        await asyncio.sleep(2.0)
        await bus.execute_command("REPLICAOF", "NO", "ONE")
    scene.mark()
    return {"refused writes": await _failures(scene) - before, "promises meanwhile": promised}


@fault("F18c", "another password, and every connection killed", "bus")
async def other_password(scene: Scene) -> Struck:
    before = await _failures(scene)
    async with scene.cluster.bus() as bus:
        await bus.config_set("requirepass", "another")
        await bus.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        promised = await scene.goes_on(20)
        await asyncio.sleep(2.0)
        await bus.config_set("requirepass", scene.cluster.valkey.password)
    scene.mark()
    return {"refused": await _failures(scene) - before, "promises meanwhile": promised}


@fault("F19", "the wrong policy (allkeys-lru) under pressure: whole streams are evicted", "bus")
async def evicted(scene: Scene) -> Struck:
    async with scene.cluster.bus() as bus:
        await bus.config_resetstat()
        await bus.config_set("maxmemory-policy", "allkeys-lru")
        await bus.config_set("maxmemory", "3mb")
        for number in range(60):
            try:
                await bus.set(f"pressure-{number}", b"x" * 100_000)
            except RedisError:
                await asyncio.sleep(0.02)
        await scene.goes_on(10)
        gone = int((await bus.info("stats"))["evicted_keys"])
        await bus.config_set("maxmemory", "256mb")
        await bus.config_set("maxmemory-policy", "noeviction")
        await bus.delete(*(f"pressure-{number}" for number in range(60)))
    scene.mark()
    return {"keys evicted": gone}
