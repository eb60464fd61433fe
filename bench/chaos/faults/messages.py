"""What comes over the streams is lost, doubled, shuffled, altered, forged, or of a kind that nobody knows."""

import asyncio
import contextlib
import re
from typing import Any

from bench.chaos.cluster import NotInTime
from bench.chaos.load import PROJECTS
from bench.chaos.scene import Scene, Struck, fault
from shared.relay import heads_name, mac_of, stream_name

BUDGET, MONITORING = stream_name("budget", 0), stream_name("monitoring", 0)


@fault(
    "F20",
    "30 % of messages lost, each other one three times, windows of 50 shuffled, at all consumers",
    "link",
    quick=True,
)
async def lossy(scene: Scene) -> Struck:
    cluster = scene.cluster
    consumers = ("budget", "procurement", "monitoring", "evaluation")
    noted = {service: len(cluster.struck(service)) for service in consumers}
    for service in consumers:
        cluster.arm(service, "lossy")
    await scene.goes_on(90)
    for service in consumers:
        cluster.disarm(service, "lossy")
    scene.mark()
    text = " ".join(line for service in consumers for line in cluster.struck(service)[noted[service] :])
    return {
        "lost": sum(int(number) for number in re.findall(r"lost (\d+)", text)),
        "repeated": sum(int(number) for number in re.findall(r"repeated (\d+)", text)),
    }


async def _last(bus: Any, stream: str, key: bytes) -> tuple[bytes, bytes]:
    """The last true entry."""
    for _, fields in await bus.xrevrange(stream, count=500):
        if b'"sequence"' in fields.get(b"event", b"") and mac_of(key, fields[b"event"]) == fields.get(b"mac"):
            return fields[b"event"], fields[b"mac"]
    raise NotInTime("no true entry is on the stream")


def _successor(raw: bytes) -> bytes:
    """The same event once more as if it came next: right place and right predecessor, other money."""
    import hashlib  # noqa: PLC0415

    seq = int(re.search(rb'"sequence":"(\d+)"', raw)[1]) + 1  # type: ignore[index]
    raw = re.sub(rb'"prevhash":"[0-9a-f]+"', b'"prevhash":"' + hashlib.sha256(raw).hexdigest().encode() + b'"', raw)
    raw = re.sub(rb'"sequence":"\d+"', f'"sequence":"{seq:020d}"'.encode(), raw)
    return re.sub(rb'"amount":"[0-9.]+"', b'"amount":"9999999.00"', raw)


@fault(
    "F22",
    "forged and altered entries: right place and wrong MAC, flipped byte, cut short, nonsense",
    "link",
    quick=True,
)
async def forged(scene: Scene) -> Struck:
    cluster, rng = scene.cluster, scene.rng
    before = await cluster.metric("evaluation", "scorebus_events_refused_total")
    sent, key = 0, bytes.fromhex((cluster.folder.keys / "budget.mac").read_text().strip())
    async with cluster.bus() as bus:
        for _ in range(12):
            raw, mac = await _last(bus, BUDGET, key)
            at = rng.randrange(len(raw))
            for fields in (
                {"event": _successor(raw), "mac": mac},
                {"event": _successor(raw), "mac": mac_of(rng.randbytes(32), _successor(raw))},
                {"event": _successor(raw)},
                {"event": raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :], "mac": mac},
                {"event": raw[:at], "mac": mac},
                {"event": b"\xff\xfe\x00", "mac": b"\xff"},
                {"other": b"x" * 100_000},
                {"event": b'{"a":' * 10_000, "mac": mac},
            ):
                await bus.xadd(BUDGET, fields)  # type: ignore[arg-type]
                sent += 1
            await asyncio.sleep(0.15)
    scene.mark()
    refused = await cluster.metric("evaluation", "scorebus_events_refused_total") - before
    alarms = (cluster.folder.logs / "evaluation.log").read_text().count('"entry_refused"')
    return {"forged": sent, "refused": refused, "alarms": alarms}


@fault("F22b", "every old entry of all streams added again, three times, shuffled", "link")
async def repeated(scene: Scene) -> Struck:
    cluster = scene.cluster

    async def send() -> None:
        async with cluster.bus() as bus:
            for stream in (BUDGET, MONITORING, stream_name("procurement", 0)):
                entries = [fields for _, fields in await bus.xrevrange(stream, count=300)] * 3
                scene.rng.shuffle(entries)
                pipeline = bus.pipeline(transaction=False)
                for fields in entries:
                    pipeline.xadd(stream, fields)
                await pipeline.execute()

    return {"duplicates dropped": await scene.heard(send, "scorebus_events_duplicate_total")}


@fault("F22c", "forged heartbeats, and true ones on the wrong stream", "link")
async def heartbeats(scene: Scene) -> Struck:
    cluster = scene.cluster
    before = await cluster.metric("evaluation", "scorebus_events_refused_total")
    async with cluster.bus() as bus:
        true = None
        for _ in range(30):
            with contextlib.suppress(ValueError):
                [[_, true]] = await bus.xrevrange(heads_name("evaluation", 0), count=1)
            forged = b'{"source":"budget","partition":0,"epoch":"x","seq":999999999,"hash":"y"}'
            await bus.xadd(heads_name("budget", 0), {"head": forged, "mac": b"0" * 64})
            if true:
                await bus.xadd(heads_name("budget", 0), true)
            await asyncio.sleep(0.05)
    scene.mark()
    return {"refused": await cluster.metric("evaluation", "scorebus_events_refused_total") - before}


@fault("F24", "an event of a type that nobody knows yet: parked, then dismissed by two people", "history")
async def unknown_type(scene: Scene) -> Struck:
    cluster = scene.cluster
    cluster.arm("monitoring", "future", scene.rng.choice(PROJECTS))
    parked = await _parked(scene)
    await scene.goes_on(10)
    assert any(not score["final"] for score in await _scores(scene)), "a score was final with an event parked"
    for position in parked:
        for person, status in (("one", 202), ("two", 200)):
            path = f"/parked-events/{position}/dismissal"
            answer = await cluster.call(
                "POST",
                "evaluation",
                path,
                {"reason": "r"},
                role="operator",
                subject=person,
                headers={"Idempotency-Key": f"{path} {person}"},
            )
            assert answer.status_code == status, answer.text
    scene.mark()
    return {"parked": len(parked)}


@fault("F24b", "a bug that fails one type of event: parked, mended, replayed, and final again", "history")
async def poison(scene: Scene) -> Struck:
    cluster = scene.cluster
    cluster.arm("evaluation", "poison", "reading.recorded")
    await _parked(scene)
    await scene.goes_on(20)
    cluster.disarm("evaluation", "poison")
    await asyncio.sleep(0.5)
    replayed = 0
    while parked := await _positions(scene):
        for position in parked:
            path = f"/parked-events/{position}/replay"
            answer = await cluster.call("POST", "evaluation", path, {"reason": "mended"}, role="operator")
            if answer.status_code != 409:
                assert answer.is_success, answer.text
            replayed += answer.is_success
    scene.mark()
    return {"parked and replayed": replayed}


async def _parked(scene: Scene) -> list[int]:
    found: list[int] = await scene.cluster.until(lambda: _positions(scene), "a parked event")
    return found


async def _positions(scene: Scene) -> list[int]:
    return [item["position"] for item in (await scene.cluster.get("evaluation", "/parked-events"))["items"]]


async def _scores(scene: Scene) -> list[Any]:
    return [await scene.cluster.get("evaluation", f"/projects/{project}/score") for project in PROJECTS]
