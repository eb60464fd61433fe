"""
How fast a change reaches many open pages of one console, and what they cost.

    python -m bench.console_pages DATA [PAGES]

Opens PAGES overviews (200 unless told) as browsers do, over HTTP and a WebSocket, against a running `scorebus up` with
the data folder DATA; posts payments of one fen to the project `bench-console`, and waits for each page to be told.
"""  # noqa: INP001  # A script beside its results.

import asyncio
import json
import re
import statistics
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import websockets

from bench.speed.processes import listening_on, resident_bytes
from cli.addresses import read_addresses
from cli.bearers import mint
from cli.folder import DataFolder
from cli.keys import signing_pem

PROJECT = "bench-console"
MIB = 1024 * 1024
ROUNDS = 10
PATIENCE_SECONDS = 60.0


class Page:
    """One open overview."""

    def __init__(self, http: httpx.AsyncClient, address: str, cookie: str) -> None:
        self._http, self._address, self._cookie = http, address, cookie
        self.told: asyncio.Queue[tuple[str, float]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Fetch the page and its socket."""
        text = (await self._http.get("/")).text
        client = re.search(r"client_id\W+([0-9a-f-]{36})", text)
        after = re.search(r"next_message_id\W+(\d+)", text)
        assert client is not None
        assert after is not None
        query: dict[str, Any] = {"client_id": client.group(1), "next_message_id": after.group(1)}
        query["implicit_handshake"] = "true"
        query |= {"tab_id": str(uuid.uuid4()), "document_id": str(uuid.uuid4()), "EIO": 4, "transport": "websocket"}
        words = "&".join(f"{name}={str(value).lower()}" for name, value in query.items())
        url = f"{self._address.replace('http', 'ws')}/_nicegui_ws/socket.io/?{words}"
        headers = {"Cookie": self._cookie, "Origin": self._address}
        self._socket: Any = await websockets.connect(url, additional_headers=headers, max_size=None)
        await self._socket.recv()  # Engine.IO opens,
        await self._socket.send("40")
        await self._socket.recv()  # and Socket.IO does.
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            text = message if isinstance(message, str) else message.decode("utf-8", "replace")
            if text == "2":
                await self._socket.send("3")
            for total in re.findall(rf'"project":"{PROJECT}".*?"spent":([0-9.]+)', text):
                self.told.put_nowait((total, time.perf_counter()))

    async def close(self) -> None:
        """Leave."""
        if self._task is not None:
            self._task.cancel()
        await self._socket.close()


def prepare(urls: dict[str, str], headers: dict[str, str]) -> None:
    """The project that is paid for."""
    declared = {
        "name": "Bench", "unit": "Bench", "department": "Bench", "fiscal_year": 2026, "nature": "new",
        "starts_on": "2026-01-01", "ends_on": "2026-12-31",
        "lines": [{"line": "l", "name": "Line", "amount": "100000.00"}], "sources": {"fiscal": "100000.00"},
    }  # fmt: skip
    plan = {
        "project": PROJECT, "title": "Bench", "fiscal_year": 2026, "from": "2026-01-01", "to": "2026-12-31",
        "policy": "mof-2020", "objective": "-", "execution": {"weight": "10"},
        "indicators": [{"code": "1", "dimension": "output", "aspect": "cost", "name": "Paid", "unit": "元",
                        "target": {"op": ">=", "value": "100000"}, "weight": "90", "measure": "paid_amount"}],
    }  # fmt: skip
    receipt = {"amount": "100000.00", "source": "fiscal", "received_on": "2026-01-02", "reference": "-"}
    httpx.put(f"{urls['budget']}/projects/{PROJECT}", json=declared, headers=headers).raise_for_status()
    httpx.put(f"{urls['evaluation']}/projects/{PROJECT}/plan", json=plan, headers=headers).raise_for_status()
    httpx.post(f"{urls['budget']}/projects/{PROJECT}/receipts", json=receipt, headers=headers).raise_for_status()


async def measure(folder: DataFolder, count: int) -> dict[str, Any]:
    """Open, pay, wait; returns figures in milliseconds and MiB."""
    urls = dict(read_addresses(folder).urls)
    port = httpx.URL(urls["evaluation"]).port or 8000
    address = f"http://127.0.0.1:{port + 80}"
    token = mint(signing_pem(folder), role="admin", subject="bench", projects=None, days=0.1)
    headers = {"Authorization": f"Bearer {token}"}
    prepare(urls, headers)
    password = (folder.keys / "demo.password").read_text()
    pid = listening_on(port + 80)
    before = resident_bytes(pid) / MIB
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        await http.post("/login", data={"name": "demo", "password": password})
        cookie = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
        pages = [Page(http, address, cookie) for _ in range(count)]
        opened = time.perf_counter()
        for page in pages:
            await page.open()
        opening = time.perf_counter() - opened
        await asyncio.sleep(3)  # What pages fetch on opening.
        times: list[float] = []
        for number in range(ROUNDS):
            times += await one_round(pages, urls["budget"], headers, number)
        after = resident_bytes(pid) / MIB
        for page in pages:
            await page.close()
    times.sort()
    return {
        "pages": count,
        "rounds": ROUNDS,
        "opened_a_page_ms": round(opening / count * 1000, 1),
        "told_median_ms": round(statistics.median(times) * 1000),
        "told_p99_ms": round(times[int(len(times) * 0.99) - 1] * 1000),
        "told_last_ms": round(times[-1] * 1000),
        "memory_before_mib": round(before),
        "memory_with_pages_mib": round(after),
        "memory_a_page_kib": round((after - before) / count * 1024),
    }


async def one_round(pages: list[Page], budget: str, headers: dict[str, str], number: int) -> list[float]:
    """Pay once; how long until each page was told, from before the payment was sent."""
    for page in pages:
        while not page.told.empty():
            page.told.get_nowait()
    body = {"project": PROJECT, "line": "l", "amount": "1000.00", "paid_on": "2026-03-02", "payee": "p",
            "purpose": "p", "approved_by": "a"}  # fmt: skip
    key = {"Idempotency-Key": f"bench-{time.time_ns()}-{number}"}
    began = time.perf_counter()
    async with httpx.AsyncClient() as http:
        (await http.post(f"{budget}/payments", json=body, headers=headers | key)).raise_for_status()
    async with asyncio.timeout(PATIENCE_SECONDS):
        told = await asyncio.gather(*(page.told.get() for page in pages))
    await asyncio.sleep(1)  # The trend is told apart.
    return [at - began for _, at in told]


def main() -> None:
    """Measure and print."""
    folder = DataFolder(Path(sys.argv[1]).absolute())
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200  # noqa: PLR2004
    print(json.dumps(asyncio.run(measure(folder, count)), indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
