"""
Documents on disk, each stored once under the SHA-256 of its content.

A file is written beside the others, synced and then renamed, so what stands under a hash is whole. It is never written
to again and never removed: several projects may hold the same paper.
"""

import asyncio
import errno
import hashlib
import os
import struct
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from services.evaluation.rules.documents import EXTENSIONS, HEAD_BYTES, ZIP, media_type_of
from shared.identity import new_id
from shared.problems import Problem, Unavailable

DIRECTORY_BYTES_MAX: Final = 1024 * 1024  # Of a zip file's list of members; an office file's has some thousand.
_END: Final = struct.Struct("<4s4H2LH")  # The end of a zip file: the list's size is the sixth.
_END_SIGNATURE: Final = b"PK\x05\x06"
_LOCATOR_SIGNATURE: Final = b"PK\x06\x07"
_LOCATOR_BYTES: Final = 20
_TAIL_BYTES: Final = _LOCATOR_BYTES + _END.size + 65_536  # Behind the end there may be a comment.
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NotADocument(Problem):
    """The content is none of the kinds that are kept."""

    slug, title, status = "not-a-document", "This kind of file is not kept", 415


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A content in the vault."""

    sha256: str
    size: int  # Bytes.
    media_type: str  # By the content.


class Vault:
    """The documents' folder; None for a service that was given none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """
        Where everything is.

        Raises:
            Unavailable: If the service was given no folder.
        """
        if self._folder is None:
            raise Unavailable("this service keeps no documents: SCOREBUS_DOCUMENTS_DIR names no folder")
        return self._folder

    @property
    def _incoming(self) -> Path:
        return self.folder / "incoming"

    async def open(self) -> None:
        """Make the folder, and forget uploads that a dead process left half done."""
        if self._folder is not None:
            await asyncio.to_thread(self._prepare)

    def _prepare(self) -> None:
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        for half in self._incoming.iterdir():
            half.unlink(missing_ok=True)

    async def take(self, chunks: AsyncIterator[bytes], accept: Callable[[str], None]) -> Kept:
        """
        Keep what comes in, chunk by chunk; if it breaks off or is refused, nothing of it stays.

        Args:
            chunks: The content.
            accept: Given the media type, raises if that is not what was announced.

        Raises:
            NotADocument: If the content is none of the kinds that are kept.
            Unavailable: If the disk takes no more.
        """
        half = self._incoming / new_id()
        try:
            digest, size = await _write(half, chunks)
            return await asyncio.to_thread(self._settle, half, digest, size, accept)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise Unavailable("the disk is full; nothing was stored", retry_after=60) from error
        finally:
            half.unlink(missing_ok=True)

    def _settle(self, half: Path, digest: str, size: int, accept: Callable[[str], None]) -> Kept:
        with half.open("rb") as file:
            head = file.read(HEAD_BYTES)
            media_type = media_type_of(head, _members(file) if head.startswith(ZIP) else ())
        if media_type is None:
            kinds = ", ".join(ending for endings in EXTENSIONS.values() for ending in endings)
            raise NotADocument(
                f"by its content this is none of {kinds}; text, pages and office files with macros are not kept",
                kept=list(EXTENSIONS),
            )
        accept(media_type)
        place = self.place(digest)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        half.replace(place)
        _sync(place.parent)
        _sync(self.folder)
        return Kept(sha256=digest, size=size, media_type=media_type)

    def scratch(self) -> IO[bytes]:
        """A file without a name, gone when it is closed; among the documents, where there is room for large ones."""
        folder = self._folder and self._incoming
        return tempfile.TemporaryFile(dir=folder)  # Until it was sent.

    def place(self, sha256: str) -> Path:
        """Where the content with that hash is, if it is kept."""
        return self.folder / sha256[:2] / sha256

    def find(self, sha256: str) -> Path:
        """
        The file of a document that is on record.

        Raises:
            Unavailable: If it is not there: the folder was not restored with the database.
        """
        place = self.place(sha256)
        if not place.is_file():
            raise Unavailable(f"the document {sha256} is on record, but its file is missing", sha256=sha256)
        return place


async def _write(half: Path, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
    """Write and sync a file for its owner alone; its SHA-256 and its size."""
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        async for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            await asyncio.to_thread(file.write, chunk)
        await asyncio.to_thread(_flush, file)
    return digest.hexdigest(), size


def _flush(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Let a rename survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _members(file: IO[bytes]) -> list[str]:
    """The names in a zip file; none if it is not sound, or its list of members is larger than any document's."""
    if _directory_bytes(file) > DIRECTORY_BYTES_MAX:
        return []
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return []


def _directory_bytes(file: IO[bytes]) -> int:
    """
    What a zip file says of its list of members: read before `zipfile` takes the whole list into memory.

    More than any if it is written in the manner of files beyond 4 GB: that states other sizes in another place.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _TAIL_BYTES, 0))
    tail = file.read()
    start = len(tail) - _END.size
    if tail[start : start + 4] != _END_SIGNATURE or tail[-2:] != b"\x00\x00":  # Else there is a comment behind it.
        start = tail.rfind(_END_SIGNATURE)
    end = tail[start : start + _END.size] if start >= 0 else b""
    if len(end) < _END.size:
        return 0
    is_large = tail[max(start - _LOCATOR_BYTES, 0) : start].startswith(_LOCATOR_SIGNATURE)
    return sys.maxsize if is_large else int(_END.unpack(end)[5])
