"""
The file of a backup: a compressed tar that is written and read from one end to the other, so it may be a pipe.

``begin.json`` says what the copies hold; then each table comes as ``<service>/<table>/<number>.jsonl``, a row a line;
``end.json`` names every member with its SHA-256. A file without its end was cut off, and is not restored.
"""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from typing import IO, Any, Final

import msgspec

from cli.backup.snapshots import Extent
from cli.errors import CommandError

FORMAT: Final = 1
BEGIN: Final = "begin.json"
END: Final = "end.json"
MEMBER_BYTES_MAX: Final = 512 * 1024 * 1024


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """What the copies hold."""

    format: int
    program: str
    made_at: str
    services: dict[str, Extent]


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The SHA-256 of every member before."""

    members: dict[str, str]


class Writer:
    """Writes an archive."""

    def __init__(self, file: IO[bytes], begin: Begin) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w|gz")  # noqa: SIM115  # Until `finish`.
        self._members: dict[str, str] = {}
        self.add(BEGIN, msgspec.json.encode(begin))

    def add(self, name: str, content: bytes) -> None:
        self._members[name] = hashlib.sha256(content).hexdigest()
        self._write(name, content)

    def _write(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(content), 0o600
        self._tar.addfile(info, io.BytesIO(content))

    def finish(self) -> None:
        self._write(END, msgspec.json.encode(End(members=self._members)))
        self._tar.close()


class Reader:
    """Reads an archive; what it gives is true only once `members` has come to its end."""

    def __init__(self, file: IO[bytes]) -> None:
        """
        Read how it begins.

        Raises:
            CommandError: If it is no backup, or a later program's.
        """
        try:
            self._tar = tarfile.open(fileobj=file, mode="r|gz")  # noqa: SIM115  # It reads on.
            self._entries = iter(self._tar)
            self._seen: dict[str, str] = {}
            name, content = self._next()
            self.begin = msgspec.json.decode(content, type=Begin)
        except (tarfile.TarError, EOFError, OSError, msgspec.DecodeError, StopIteration) as error:
            raise CommandError(f"this is no backup of Scorebus: {error}") from error
        if name != BEGIN or self.begin.format != FORMAT:
            raise CommandError(f"this backup has the format {self.begin.format}, this program knows {FORMAT}")

    def _next(self) -> tuple[str, bytes]:
        entry = next(self._entries)
        stream = self._tar.extractfile(entry)
        if stream is None or entry.size > MEMBER_BYTES_MAX:
            raise tarfile.TarError(f"{entry.name} does not belong into a backup")
        content = stream.read()
        self._seen[entry.name] = hashlib.sha256(content).hexdigest()
        return entry.name, content

    def members(self) -> Iterator[tuple[str, bytes]]:
        """
        Each member.

        Raises:
            CommandError: If the file was cut off or changed.
        """
        try:
            while True:
                name, content = self._next()
                if name == END:
                    self._check(content)
                    return
                yield name, content
        except StopIteration:
            raise CommandError("the backup was cut off: its end is missing; nothing was restored") from None
        except (tarfile.TarError, EOFError, OSError, msgspec.DecodeError) as error:
            raise CommandError(f"the backup is damaged: {error}; nothing was restored") from error

    def _check(self, content: bytes) -> None:
        told: Any = msgspec.json.decode(content, type=End).members
        del self._seen[END]
        if told != self._seen:
            raise CommandError("the backup is not what was written: its checksums differ; nothing was restored")
