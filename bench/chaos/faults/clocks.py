"""Clocks that jump and stand still; rebuilds; what a stolen or spoilt token does."""

import asyncio
from datetime import UTC, datetime

from bench.chaos.scene import Scene, Struck, fault
from cli.folder import SERVICES
from cli.keys import SERVICE_TOKEN, renew_service_token


async def _clock(scene: Scene, text: str) -> Struck:
    cluster = scene.cluster
    noted = {service: len(cluster.struck(service)) for service in SERVICES}
    for service in SERVICES:
        cluster.arm(service, "clock", text)
    await scene.goes_on(50)
    for service in SERVICES:
        cluster.disarm(service, "clock")
    scene.mark()
    return {f"clock of {service}": len(cluster.struck(service)) - noted[service] for service in SERVICES}


@fault("F39", "every clock an hour back", "time")
async def back(scene: Scene) -> Struck:
    return await _clock(scene, f"-3600.{scene.rng.randint(1, 999):03d}")


@fault("F39b", "every clock stands still, a second before the new year", "time")
async def still(scene: Scene) -> Struck:
    year = datetime.now(UTC).year - 1
    return await _clock(scene, f"{year}-12-31T15:59:59.{scene.rng.randint(1, 999):03d}+00:00")


@fault("F39c", "evaluation's clock a year ahead", "time")
async def ahead(scene: Scene) -> Struck:
    cluster = scene.cluster
    noted = len(cluster.struck("evaluation"))
    cluster.arm("evaluation", "clock", f"31536000.{scene.rng.randint(1, 999):03d}")
    await scene.goes_on(50)
    cluster.disarm("evaluation", "clock")
    scene.mark()
    return {"clock of evaluation": len(cluster.struck("evaluation")) - noted}


@fault("F40", "a rebuild under load, killed in the middle", "history")
async def rebuilt(scene: Scene) -> Struck:
    cluster = scene.cluster
    resets = sum(each.resets for each in scene.subscribers)
    answer = await cluster.call("POST", "evaluation", "/rebuilds", {"reason": "chaos"}, role="operator")
    assert answer.status_code == 202, answer.text
    name = answer.json()["rebuild"]
    await scene.pause(0.0, 0.02)
    scene.mark(await cluster.kill("evaluation"))
    await scene.ready()

    async def done() -> bool:
        return bool((await cluster.get("evaluation", f"/rebuilds/{name}"))["status"] == "done")

    await cluster.until(done, "the rebuild")
    shown = await cluster.get("evaluation", f"/rebuilds/{name}")
    assert shown["digest"]["equal"], f"rebuilt otherwise: {shown}"
    again = await cluster.call("POST", "evaluation", "/rebuilds", {"reason": "chaos"}, role="operator")
    name = again.json()["rebuild"]
    await cluster.until(done, "the second rebuild")
    await cluster.until(
        lambda: sum(each.resets for each in scene.subscribers) > resets, "dashboards told to begin anew"
    )
    return {"rebuilds": 2, "kills": 1}


@fault("F46", "the services' token refused for 4 s, and no Redis", "link")
async def token_refused(scene: Scene) -> Struck:
    cluster = scene.cluster
    before = await cluster.metric("evaluation", "scorebus_pulls_failed_total")
    links = cluster.links("bus:")
    for link in links:
        link.cut()
    file = cluster.folder.keys / SERVICE_TOKEN
    file.write_text("nobody")
    await asyncio.sleep(4.0)
    renew_service_token(cluster.folder)
    failed = await cluster.metric("evaluation", "scorebus_pulls_failed_total") - before
    for link in links:
        link.heal()
    scene.mark()
    return {"pulls refused": failed}
