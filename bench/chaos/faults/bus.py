"""What happens to Redis: it forgets, refuses, stalls, or comes back as somebody else."""

import asyncio

from bench.chaos.scene import Scene, Struck, fault
from shared.relay import stream_name

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
