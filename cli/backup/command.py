"""``scorebus backup`` and ``scorebus restore``."""

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Annotated, Any, Final

import typer

from cli.backup.archive import FORMAT, Begin, Reader, Writer
from cli.backup.restoring import restore
from cli.backup.rows import read_rows, tables_of
from cli.backup.snapshots import snapshots
from cli.errors import CommandError
from cli.folder import SERVICES, DataFolder
from cli.options import DATA_DEFAULT, Data, Json

PIPE: Final = "-"

File = Annotated[str, typer.Argument(help="The backup's file; - is standard output or input.")]
Urls = Annotated[
    Path | None,
    typer.Option(
        "--database-urls",
        help="A folder with each <service>.database_url, as a deployment's keys; else the data folder's files.",
    ),
]


def backup(file: File, data: Data = DATA_DEFAULT, database_urls: Urls = None, as_json: Json = False) -> None:
    """
    Copy all databases into one file, such that they fit together; the platform goes on working.

    Keys, passwords and the console's users are not in it: keep a copy of their folder apart from it.
    """
    urls = _urls(data, database_urls)
    if file == PIPE:
        rows = _write(sys.stdout.buffer, urls)
        sys.stdout.buffer.flush()
    else:
        rows = _write_file(Path(file), urls)
    _tell({"file": file, "rows": rows}, f"backed up {sum(rows.values())} rows into {file}", as_json)


def restore_command(file: File, data: Data = DATA_DEFAULT, database_urls: Urls = None, as_json: Json = False) -> None:
    """
    Put a backup into empty databases, of either store; the platform must not run.

    When the services start, each begins another epoch; consumers find their place by themselves.
    """
    urls = _urls(data, database_urls)
    try:
        if file == PIPE:
            rows = restore(Reader(sys.stdin.buffer), urls)
        else:
            with Path(file).open("rb") as source:
                rows = restore(Reader(source), urls)
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}") from error
    _tell({"file": file, "rows": rows}, f"restored {sum(rows.values())} rows from {file}", as_json)


def _urls(data: Path, folder: Path | None) -> Mapping[str, str]:
    if folder is None:
        place = DataFolder(data.absolute())
        if not place.path.is_dir():
            raise CommandError(f"there is no data folder {place.path}")
        return {service: f"sqlite:///{place.database(service)}" for service in SERVICES}
    try:
        return {name: (folder / f"{name}.database_url").read_text(encoding="utf-8").strip() for name in SERVICES}
    except OSError as error:
        raise CommandError(f"cannot read {error.filename}: {error.strerror}") from error


def _write_file(path: Path, urls: Mapping[str, str]) -> dict[str, int]:
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            rows = _write(file, urls)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error
    finally:
        half.unlink(missing_ok=True)
    return rows


def _write(file: IO[bytes], urls: Mapping[str, str]) -> dict[str, int]:
    rows: dict[str, int] = {}
    with snapshots(urls) as opened:
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        services = {each.service: each.extent for each in opened}
        begin = Begin(format=FORMAT, program=version("scorebus"), made_at=made_at, services=services)
        writer = Writer(file, begin)
        for each in opened:
            rows[each.service] = 0
            for table in tables_of(each.connection):
                for number, lines in enumerate(read_rows(each.connection, table)):
                    writer.add(f"{each.service}/{table.name}/{number:08d}.jsonl", lines)
                    rows[each.service] += lines.count(b"\n")
        writer.finish()
    return rows


def _tell(facts: Mapping[str, Any], text: str, as_json: bool) -> None:
    # On stderr: the backup itself may be on stdout.
    print(json.dumps(facts) if as_json else text, file=sys.stderr)
