"""
What forms cost: one of many indicators on every kind of paper, and those of many projects in one zip.

    python -m bench.forms DATA [PROJECTS]

Adopts plans of 60 indicators for PROJECTS projects (2,000 unless told) at a running `scorebus up` with the data folder
DATA, then asks for papers and watches the memory of the service that makes them.
"""  # noqa: INP001  # A script beside its results.

import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import httpx

from bench.speed.processes import listening_on, resident_bytes
from cli.addresses import read_addresses
from cli.bearers import mint
from cli.folder import DataFolder
from cli.keys import signing_pem

INDICATORS = 60
MIB = 1024 * 1024
ROUNDS = 9
KINDS = ("form.json", "form.xlsx", "form.docx", "form.pdf", "report.docx", "report.pdf", "monitoring-form.xlsx")


def plan(project: str) -> dict[str, Any]:
    """A plan of many indicators."""
    indicator = {
        "dimension": "output",
        "aspect": "quantity",
        "unit": "次",
        "target": {"op": "<=", "value": "3"},
        "weight": "1.5",
        "measure": "event_count",
        "with": {"type": "fault.opened"},
    }
    return {
        "project": project,
        "title": f"网络运行维护项目{project}",
        "fiscal_year": 2026,
        "from": "2026-01-01",
        "to": "2026-12-31",
        "policy": "mof-2020",
        "objective": "网站全年正常运行。",
        "execution": {"weight": "10"},
        "indicators": [
            indicator | {"code": f"1.{number}", "name": f"第{number}类故障次数"} for number in range(1, INDICATORS + 1)
        ],
    }


def main(data: Path, projects: int) -> None:
    """Measure and print."""
    url = dict(read_addresses(DataFolder(data)).urls)["evaluation"]
    token = mint(signing_pem(DataFolder(data)), role="admin", subject="bench", projects=None, days=0.1)
    pid = listening_on(int(url.rpartition(":")[2]))
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=600) as http:
        for number in range(projects):
            name = f"bench-{number:04d}"
            http.put(f"/projects/{name}/plan", json=plan(name)).raise_for_status()
        for kind in KINDS:
            seconds = []
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                http.get(f"/projects/bench-0000/{kind}").raise_for_status()
                seconds.append(time.perf_counter() - begun)
            print(f"{kind:22} median {statistics.median(seconds) * 1000:6.0f} ms, most {max(seconds) * 1000:6.0f} ms")
        before = most = resident_bytes(pid) / MIB
        begun, first, size = time.perf_counter(), 0.0, 0
        with tempfile.TemporaryFile() as file, http.stream("GET", "/forms.zip") as answer:
            for piece in answer.iter_raw():
                first = first or time.perf_counter() - begun
                size += file.write(piece)
                most = max(most, resident_bytes(pid) / MIB)
            took = time.perf_counter() - begun
            with zipfile.ZipFile(file) as archive:
                count = len(archive.namelist())
        print(
            f"forms.zip: {count} forms, {size / 1e6:.1f} MB in {took:.1f} s, first piece after {first * 1000:.0f} ms; "
            f"memory {before:.0f} MiB before, {most:.0f} MiB at most"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 2_000)
