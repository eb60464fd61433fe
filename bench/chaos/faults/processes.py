"""Processes that die, freeze or are stopped."""

import asyncio
import signal
import time

from bench.chaos.scene import Scene, Struck, fault


async def _killed(scene: Scene, service: str, times: int = 1) -> Struck:
    unknown = scene.load.journal.statuses[0]
    for number in range(times):
        if number:
            await scene.ready()
            await scene.goes_on()
        scene.mark(await scene.cluster.kill(service))
    await scene.ready()
    return {"kills": times, "calls without answer": scene.load.journal.statuses[0] - unknown + (service != "budget")}


@fault("F1", "budget killed while payments are posted", "process", quick=True)
async def kill_budget(scene: Scene) -> Struck:
    return await _killed(scene, "budget", 2)


@fault("F1b", "monitoring killed while faults are posted", "process")
async def kill_monitoring(scene: Scene) -> Struck:
    return await _killed(scene, "monitoring")


@fault("F1c", "evaluation killed while it applies", "process")
async def kill_evaluation(scene: Scene) -> Struck:
    return await _killed(scene, "evaluation")


@fault("F1d", "all four services and Valkey killed at once", "platform")
async def kill_all(scene: Scene) -> Struck:
    kills = await asyncio.gather(*(scene.cluster.kill(name) for name in scene.cluster.keepers))
    scene.mark(max(kills))
    await scene.ready()
    return {"kills": len(kills)}


async def _dies_at(scene: Scene, service: str, point: str, passes: int) -> Struck:
    """Dies at the *passes*-th pass of a named point of the program."""
    cluster = scene.cluster
    pid, noted = await cluster.pid(service), len(cluster.struck(service))
    cluster.arm(service, point, str(passes))
    await cluster.until(lambda: cluster.keepers[service].pid not in (pid, None), f"{service} dead at {point}")
    scene.mark()
    await scene.ready()
    return {point: len(cluster.struck(service)) - noted}


@fault("F3", "budget dies between XADD and its relay's cursor", "process", quick=True)
async def after_xadd(scene: Scene) -> Struck:
    return await _dies_at(scene, "budget", "relay.after_xadd", scene.rng.randint(1, 4))


@fault("F4", "evaluation dies after the commit of a batch, before it knows", "process")
async def after_apply(scene: Scene) -> Struck:
    return await _dies_at(scene, "evaluation", "apply.after_commit", scene.rng.randint(1, 4))


@fault("F5", "evaluation dies in the middle of applying", "process", quick=True)
async def within_apply(scene: Scene) -> Struck:
    return await _dies_at(scene, "evaluation", "apply.in_transaction", scene.rng.randint(1, 4))


@fault("F5b", "budget dies with a payment appended, before its commit", "process")
async def within_append(scene: Scene) -> Struck:
    return await _dies_at(scene, "budget", "append.in_transaction", scene.rng.randint(1, 6))


@fault("F5c", "budget dies after the commit of a payment, before its answer", "process", quick=True)
async def before_answer(scene: Scene) -> Struck:
    return await _dies_at(scene, "budget", "commit.before_answer", scene.rng.randint(1, 6))


async def _frozen(scene: Scene, name: str, seconds: float) -> Struck:
    await scene.cluster.signal(name, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        await scene.cluster.signal(name, signal.SIGCONT)
    scene.mark()
    return {"frozen s": seconds}


@fault("F9", "budget frozen for 6 s (SIGSTOP)", "process")
async def freeze_budget(scene: Scene) -> Struck:
    unknown = scene.load.journal.statuses[0]
    struck = await _frozen(scene, "budget", 6.0)
    return {**struck, "calls without answer": scene.load.journal.statuses[0] - unknown}


@fault("F9b", "evaluation frozen for 5 s", "process")
async def freeze_evaluation(scene: Scene) -> Struck:
    return await _frozen(scene, "evaluation", 5.0)


@fault(
    "F6", "a second evaluation on the same database: it stands by, and takes over from one that is killed", "process"
)
async def second_consumer(scene: Scene) -> Struck:
    cluster = scene.cluster
    name, program, port = cluster.second("evaluation")
    cluster.keep(name, program)

    async def role() -> str:
        return str((await cluster.client.get(f"http://127.0.0.1:{port}/readyz")).json().get("role", "active"))

    async def is_standby() -> bool:
        return await role() == "standby"

    async def is_active() -> bool:
        return await role() == "active"

    await cluster.until(is_standby, "the standby")
    await scene.pause(0.3, 1.0)
    since = await cluster.kill("evaluation")
    cluster.active["evaluation"] = port
    await cluster.until(is_active, "the takeover")
    takeover = time.monotonic() - since
    await scene.goes_on()
    cluster.active["evaluation"] = cluster.ports["evaluation"]
    await cluster.hold(name)
    await scene.ready()
    scene.mark()
    return {"takeover s": round(takeover, 2)}


@fault("F37", "SIGTERM in the middle of work, with 60 dashboards open", "process")
async def stop_in_order(scene: Scene) -> Struck:
    cluster = scene.cluster
    dashboards = [asyncio.create_task(_look(scene)) for _ in range(60)]
    await asyncio.sleep(1.5)
    pid, began = await cluster.signal("evaluation", signal.SIGTERM), time.monotonic()
    await cluster.until(lambda: cluster.keepers["evaluation"].pid != pid, "the end of evaluation", 15.0)
    seconds = time.monotonic() - began
    scene.mark()
    told = sum(await asyncio.gather(*dashboards))
    assert seconds <= 10, f"took {seconds:.1f} s to stop"
    return {"stopped after s": round(seconds, 2), "dashboards told": told}


async def _look(scene: Scene) -> int:
    """A dashboard that looks on until it is ended; how many chunks it was sent."""
    chunks = 0
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.cluster.active["evaluation"])
    token = scene.cluster.bearer("viewer")
    writer.write(f"GET /scores/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
    try:
        async with asyncio.timeout(30):
            while await reader.read(65_536):
                chunks += 1
    except (OSError, TimeoutError):
        pass
    writer.close()
    return int(chunks > 0)
