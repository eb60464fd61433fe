"""
Dumps what the program stores now: ``python -m tests.migrations.dumping``, which `make revision` does by itself.

The example is played into a new platform; what its services then hold is kept in ``dumps``, a file for each service and
revision: the rows of every table, and what the service answered from them. Tests upgrade such data to every later
schema. A dump is never written anew: it is the past.
"""

import base64
import gzip
import json
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.migrations.services import DUMPS, SERVICES
from tests.stories.platform import EXAMPLE, PROJECT, Platform, a_platform, eventually

ASKED = {
    "budget": [f"/projects/{PROJECT}/budget", f"/payments?project={PROJECT}"],
    "procurement": [f"/contracts?project={PROJECT}"],
    "monitoring": [f"/faults?project={PROJECT}", f"/assets?project={PROJECT}"],
    "evaluation": ["/projects"],
}
FIRST = "0001"  # What a database has that was made when there were no revisions.


def name_of(service: str, revision: str) -> Path:
    return DUMPS / f"{service}-{revision}.json.gz"


def as_json(value: object) -> Any:
    return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def tables_in(connection: sqlite3.Connection) -> dict[str, Any]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    tables = {}
    for (name,) in names.fetchall():
        rows = connection.execute(f"SELECT * FROM {name}")
        columns = [column[0] for column in rows.description]
        tables[name] = {"columns": columns, "rows": [[as_json(value) for value in row] for row in rows]}
    return tables


def answers_of(platform: Platform, service: str) -> dict[str, Any]:
    return {path: platform.get(service, path) for path in ASKED[service]}


def is_whole(platform: Platform) -> bool:
    """Whether the example is played to its end and counted in the score."""
    return platform.played() and bool(platform.score()["final"])


def write(service: str, database: Path, answers: dict[str, Any]) -> Path | None:
    """Write the dump of a service; None if its revision has one."""
    connection = sqlite3.connect(database)
    tables = tables_in(connection)
    connection.close()
    version = tables.pop("alembic_version", None)
    path = name_of(service, version["rows"][0][0] if version else FIRST)
    if path.exists():
        return None
    text = json.dumps({"tables": tables, "answers": answers}, ensure_ascii=False, sort_keys=True)
    DUMPS.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with a_platform(data, "--play", str(EXAMPLE), "--speed", "instant") as platform:
            eventually(lambda: is_whole(platform), "the end of the example")
            answers = {service: answers_of(platform, service) for service in SERVICES}
        for service in SERVICES:
            if written := write(service, data / f"{service}.db", answers[service]):
                sys.stdout.write(f"{service}: wrote {written.name}\n")


if __name__ == "__main__":
    main()
