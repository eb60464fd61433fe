"""Callers and dashboards that mean ill, or only behave so."""

import asyncio
import contextlib
import json
from collections import Counter

import httpx

from bench.chaos.load import PROJECTS
from bench.chaos.scene import Scene, Struck, fault
from shared.relay import stream_name

HERD = 200
NEVER_READ = 20
HEADERS_END = b"\r\n\r\n"


@fault(
    "F23", "bodies of 10 MB, amounts of a million digits, JSON 10,000 deep; an event of 10 MB on the stream", "input"
)
async def oversize(scene: Scene) -> Struck:
    cluster = scene.cluster
    headers = {"Authorization": cluster.bearer("admin", "giant"), "Content-Type": "application/json"}
    answers: Counter[int] = Counter()
    bodies = [
        b'{"project":"' + b"x" * 10_000_000 + b'"}',
        b'{"project":"chaos-a","line":"a","amount":' + b"9" * 200_000 + b"}",
        b'{"amount":"' + b"9" * 1_000_000 + b'"}',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"\xff\xfe\x00",
        b'{"amount":1e999999}',
        b'{"amount":NaN}',
    ]
    for service, path in (("budget", "/payments"), ("monitoring", "/faults"), ("monitoring", "/events")):
        for body in bodies:
            with contextlib.suppress(httpx.HTTPError):
                key = {"Idempotency-Key": f"giant-{len(answers)}"}
                answer = await cluster.client.post(cluster.url(service) + path, content=body, headers=headers | key)
                answers[answer.status_code] += 1
    async with cluster.bus() as bus:
        await bus.xadd(stream_name("budget", 0), {"event": b"[" * 10_000_000, "mac": b"0" * 64})
    scene.mark()
    assert all(400 <= status < 500 for status in answers), f"answered {dict(answers)}"
    return {"refused": sum(answers.values())}


async def _open_stream(scene: Scene) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.cluster.active["evaluation"])
    token = scene.cluster.bearer("viewer", "herd")
    writer.write(f"GET /scores/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


@fault("F42", f"{HERD} dashboards, a tenth never reads; all reset at once, all back at once", "clients")
async def herd(scene: Scene) -> Struck:
    statuses: Counter[bytes] = Counter()
    for _ in range(2):
        herd = await asyncio.gather(*(_open_stream(scene) for _ in range(HERD)))
        for reader, _ in herd[NEVER_READ:]:
            async with asyncio.timeout(30):
                statuses[(await reader.readuntil(HEADERS_END)).split(b" ")[1]] += 1
        await scene.goes_on(15)
        for _, writer in herd:
            writer.transport.abort()
    scene.mark()
    assert set(statuses) <= {b"200", b"429", b"503"}, f"answered {statuses}"
    return {"streams": statuses[b"200"], "refused and told when to come back or none": 1}


@fault("F43", "150 slow callers, 1,500 requests that are none, header bombs", "input")
async def hostile(scene: Scene) -> Struck:
    port, loris = scene.cluster.active["budget"], []
    for _ in range(150):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /payments HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nX-")
        loris.append(writer)
    bombs = [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /payments HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /payments HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /payments?cursor=%00%ff HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x.y.z\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 5_000 + b"\r\n",
        scene.rng.randbytes(500),
    ]
    answered = 0
    for number in range(1_500):
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(0.5):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    writer.write(bombs[number % len(bombs)])
                    writer.write_eof()
                    head = await reader.read(64)
                    answered += 1
                    assert b" 500 " not in head, head
                finally:
                    writer.transport.abort()
        if number % 50 == 0:
            for slow in loris:
                slow.write(b"x")
    promised = await scene.goes_on(20)
    for slow in loris:
        slow.transport.abort()
    scene.mark()
    return {"hostile requests": answered, "promises meanwhile": promised}


@fault("F44", "one key from 50 callers at once; the same key with another body", "clients", quick=True)
async def same_key(scene: Scene) -> Struck:
    cluster, load = scene.cluster, scene.load
    replayed = refused = 0
    for project in PROJECTS:
        entry = load._payment(project)  # noqa: SLF001
        headers = {"Idempotency-Key": entry.key, "Authorization": cluster.bearer("admin", "load")}
        url = cluster.url("budget") + entry.path
        answers = await asyncio.gather(
            *(cluster.client.post(url, json=entry.body, headers=headers, timeout=30.0) for _ in range(50)),
            return_exceptions=True,
        )
        good = [each for each in answers if isinstance(each, httpx.Response)]
        first = [each for each in good if each.is_success and "idempotency-replayed" not in each.headers]
        names = {each.json()["payment"] for each in good if each.is_success}
        assert len(names) == 1, f"{len(names)} payments of one key"
        assert len(first) <= 1, "two answers claim to be the first"
        assert all(each.is_success or each.status_code in (409, 429, 503) for each in good)
        replayed += len(good) - len(first)
        await load.settle(entry)
        other = entry.body | {"amount": "0.07"}
        answer = await cluster.client.post(url, json=other, headers=headers)
        refused += answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    scene.mark()
    return {"answered again": replayed, "refused with another body": refused}


@fault("F45", "callers that wait 20 ms and try again, ten times each", "clients", quick=True)
async def impatient(scene: Scene) -> Struck:
    load = scene.load
    unheard = load.journal.statuses[0]

    async def storm(project: str) -> None:
        entry = load._payment(project)  # noqa: SLF001
        for _ in range(10):
            await load.attempt(entry, timeout=0.02)

    await asyncio.gather(*(storm(PROJECTS[number % len(PROJECTS)]) for number in range(24)))
    scene.mark()
    return {"given up on": load.journal.statuses[0] - unheard}


@fault("F47", "a dashboard's token used to write, foreign projects asked for, nonsense for tokens", "input")
async def intruders(scene: Scene) -> Struck:
    cluster = scene.cluster
    statuses: Counter[int] = Counter()
    body = json.dumps({"reason": "x"}).encode()
    for token in (cluster.bearer("viewer"), "Bearer " + "A" * 9_000, "Bearer a.b.c", "Basic eDp5", "", "Bearer \x7f"):
        for service, path in (
            ("budget", "/payments"),
            ("evaluation", "/rebuilds"),
            ("evaluation", "/parked-events/1/dismissal"),
            ("monitoring", "/faults"),
            ("budget", "/epochs"),
        ):
            headers = {"Authorization": token, "Content-Type": "application/json", "Idempotency-Key": "i"}
            with contextlib.suppress(httpx.HTTPError):
                answer = await cluster.client.post(cluster.url(service) + path, content=body, headers=headers)
                statuses[answer.status_code] += 1
    scene.mark()
    assert set(statuses) <= {400, 401, 403, 404, 422, 431}, f"answered {dict(statuses)}"
    return {"refused": sum(statuses.values())}
