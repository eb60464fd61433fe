"""Links that break, stall or crawl."""

import asyncio

from bench.chaos.proxy import Proxy
from bench.chaos.scene import Scene, Struck, fault

INNER = ("bus:", "feed:")


def _begin(scene: Scene, *beginnings: str) -> list[Proxy]:
    links = scene.cluster.links(*beginnings)
    for link in links:
        link.struck = 0
    return links


def _end(scene: Scene, links: list[Proxy]) -> Struck:
    touched = sum(link.struck for link in links)
    for link in links:
        link.heal()
    scene.mark()
    return {"touched": touched}


@fault("F25", "every inner link reset, ten times", "link")
async def resets(scene: Scene) -> Struck:
    links = _begin(scene, *INNER)
    for _ in range(10):
        for link in links:
            link.reset()
        await asyncio.sleep(0.3)
    return _end(scene, links)


@fault("F25b", "all links silenced one by one in random order, and released in another", "link", quick=True)
async def swizzled(scene: Scene) -> Struck:
    links = _begin(scene, *INNER)
    for link in scene.rng.sample(links, len(links)):
        link.silence()
        await scene.pause(0.05, 0.3)
    await scene.goes_on(10)
    touched = sum(link.struck for link in links)
    for link in scene.rng.sample(links, len(links)):
        link.heal()
        await scene.pause(0.05, 0.3)
    scene.mark()
    return {"touched": touched}


@fault("F25c", "50 to 500 ms on every inner link", "link")
async def slow(scene: Scene) -> Struck:
    links = _begin(scene, *INNER)
    for link in links:
        link.delay = scene.rng.uniform(0.05, 0.5)
    await scene.goes_on(60)
    return _end(scene, links)


@fault("F25d", "one byte at a time on every link, callers' too", "link")
async def trickled(scene: Scene) -> Struck:
    links = _begin(scene, *INNER, "front:")
    for link in links:
        link.trickles = True
    await scene.goes_on(60)
    return _end(scene, links)


@fault("F25e", "evaluation cut off from Redis and from every source, for 4 s", "link", quick=True)
async def isolated(scene: Scene) -> Struck:
    links = _begin(scene, "bus:evaluation", "feed:evaluation")
    for link in links:
        link.cut()
    await asyncio.sleep(4.0)
    await scene.goes_on(10)
    return _end(scene, links)


@fault("F25f", "half-open: the far ends of all inner links vanish without a word", "link")
async def half_open(scene: Scene) -> Struck:
    links = _begin(scene, *INNER)
    for link in links:
        link.half_open()
    await scene.goes_on(40)
    return _end(scene, links)


@fault("F26", "one direction: what evaluation asks arrives, no answer comes back, for 5 s", "link")
async def one_way(scene: Scene) -> Struck:
    links = _begin(scene, "bus:evaluation", "feed:evaluation")
    for link in links:
        link.silence(there=False)
    await asyncio.sleep(5.0)
    return _end(scene, links)


@fault("F26b", "answers to callers are lost: requests arrive, 2xx do not, for 4 s", "link", quick=True)
async def unheard(scene: Scene) -> Struck:
    links = _begin(scene, "front:budget", "front:monitoring", "front:procurement")
    unknown = scene.load.journal.statuses[0]
    scene.load.timeout = 1.0
    for _ in range(3):
        await asyncio.sleep(0.3)
        for link in links:
            link.silence(there=False)
        await asyncio.sleep(1.5)
        for link in links:
            link.heal()
    scene.load.timeout = 5.0
    return {**_end(scene, links), "calls without answer": scene.load.journal.statuses[0] - unknown}
