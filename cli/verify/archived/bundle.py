"""A zip file from a stranger: what it unpacks to is known, and bounded, before any of it is unpacked."""

import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Self

from cli.errors import CommandError

ARCHIVE_BYTES_MAX: Final = 8 * 1024**3  # On disk.
UNPACKED_BYTES_MAX: Final = 16 * 1024**3  # All members together; they are read, never written.
MEMBERS_MAX: Final = 5_000  # A project holds 2,000 documents at most.
DIRECTORY_BYTES_MAX: Final = 4 * 1024**2  # Of the list of members, which is held in memory.
RATIO_MAX: Final = 250  # Of what a member unpacks to; thirty thousand readings unpack to nine times theirs.
RATIO_FROM_BYTES: Final = 1024**2  # Below it a member cannot hurt, whatever its ratio.
HELD_BYTES_MAX: Final = 64 * 1024**2  # Of a member that is read as a whole.
LINE_BYTES_MAX: Final = 1024**2  # Of an event.
PIECE_BYTES: Final = 64 * 1024
_ENCRYPTED: Final = 0x1
_END: Final = struct.Struct("<4s4H2LH")
_LARGE_END: Final = struct.Struct("<4sQ2H2L4Q")
_TAIL_BYTES: Final = _END.size + 65_536


class Damaged(Exception):
    """A member cannot be unpacked."""


class Bundle:
    """An archive that is open for reading."""

    def __init__(self, path: Path) -> None:
        """
        Open it.

        Raises:
            CommandError: If it is no zip file that may be read.
        """
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise CommandError(f"cannot read {path}: {error.strerror}") from error
        try:
            _check_outside(self._file)
            self._zip = zipfile.ZipFile(self._file)
            _check_inside(self._zip, os.fstat(self._file.fileno()).st_size)
        except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, OSError) as error:
            self._file.close()
            raise CommandError(f"{path} is no archive that can be read: {error}") from error
        except CommandError:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    @property
    def names(self) -> list[str]:
        """Every member, in the order of the file; a name that stands twice, twice."""
        return self._zip.namelist()

    @property
    def comment(self) -> bytes:
        """What stands behind the members."""
        return self._zip.comment

    def pieces(self, name: str) -> Iterator[bytes]:
        """
        A member, piece by piece.

        Raises:
            Damaged: If it cannot be unpacked.
        """
        try:
            with self._zip.open(name) as member:
                while piece := member.read(PIECE_BYTES):
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise Damaged(str(error)) from error

    def read(self, name: str) -> bytes:
        """
        A member as a whole.

        Raises:
            Damaged: If it cannot be unpacked, or is larger than anything that is read as a whole.
        """
        if self._zip.getinfo(name).file_size > HELD_BYTES_MAX:
            raise Damaged(f"larger than {HELD_BYTES_MAX} bytes")
        return b"".join(self.pieces(name))

    def lines(self, name: str) -> Iterator[bytes]:
        """
        A member line by line.

        Raises:
            Damaged: If it cannot be unpacked, or a line is longer than any event.
        """
        rest = b""
        for piece in self.pieces(name):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > LINE_BYTES_MAX:
                raise Damaged(f"a line is longer than {LINE_BYTES_MAX} bytes")
        if rest:
            yield rest


def _check_outside(file: IO[bytes]) -> None:
    """What is checked before the list of members is taken into memory."""
    size = file.seek(0, os.SEEK_END)
    if size > ARCHIVE_BYTES_MAX:
        raise CommandError(f"an archive has at most {ARCHIVE_BYTES_MAX} bytes, this one {size}")
    directory = _directory_bytes(file, size)
    if directory > DIRECTORY_BYTES_MAX:
        raise CommandError(f"the list of its members has {directory} bytes, more than {DIRECTORY_BYTES_MAX}")
    file.seek(0)


def _directory_bytes(file: IO[bytes], size: int) -> int:
    """What the file says of its list of members, at its end; as `zipfile` looks for it."""
    file.seek(max(size - _TAIL_BYTES, 0))
    tail = file.read()
    start = len(tail) - _END.size
    if tail[start : start + 4] != b"PK\x05\x06" or tail[-2:] != b"\x00\x00":
        start = tail.rfind(b"PK\x05\x06")
    if start < 0 or start + _END.size > len(tail):
        return 0  # No zip file: `zipfile` says so.
    told = int(_END.unpack(tail[start : start + _END.size])[5])
    place = size - len(tail) + start - 20
    file.seek(max(place, 0))
    if place < 0 or file.read(4) != b"PK\x06\x07":
        return told
    # Beyond 4 GB the size stands in a record before the locator.
    file.seek(max(place - _LARGE_END.size, 0))
    record = file.read(_LARGE_END.size)
    return int(_LARGE_END.unpack(record)[8]) if record.startswith(b"PK\x06\x06") else sys.maxsize


def _check_inside(archive: zipfile.ZipFile, size: int) -> None:
    """What is checked before any member is unpacked; `zipfile` never unpacks more of one than it declares."""
    entries = archive.infolist()
    if len(entries) > MEMBERS_MAX:
        raise CommandError(f"an archive has at most {MEMBERS_MAX} members, this one {len(entries)}")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > UNPACKED_BYTES_MAX:
        raise CommandError(f"it would unpack to {unpacked} bytes, more than {UNPACKED_BYTES_MAX}")
    if sum(entry.compress_size for entry in entries) > size:
        raise CommandError("its members overlap: it was made to do harm")
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CommandError(f"{entry.filename[:100]} is encrypted, or packed in a way that no archive uses")
        if entry.file_size > max(RATIO_FROM_BYTES, entry.compress_size * RATIO_MAX):
            raise CommandError(f"{entry.filename[:100]} would unpack to more than {RATIO_MAX} times its size")
