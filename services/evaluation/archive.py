"""
An archive: a zip file that is written member by member, with what each of them is in a manifest at its end.

Written to a file on disk, a piece at a time: neither a film of a document nor a million events are held in memory.
"""

import contextlib
import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import IO, Any, Final

import msgspec

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
README: Final = "README.txt"
WORDS: Final = """\
{title}
项目资料归档 · archive of the project {project}

本归档由 Scorebus 生成,截至 {as_of},得分版本 {version}。
This archive was made by Scorebus as of {as_of}, at version {version} of the score.

form.*            绩效自评表 · the self-evaluation form
sealed/           已封存的自评表(如有) · the form as it was sealed, if it was
score.json        得分 · the score
plan.json         绩效目标表 · the performance plan
policy.toml       评分办法 · the scoring policy
narrative.json    填报人的文字说明 · what people wrote
documents/        佐证资料 · the documents that back the figures
documents.json    资料清单及其佐证对象 · what each document is and what it backs
events/           各来源的事件,一行一条,原样保存 · the events of each source, one a line, as they were published
manifest.json     每个文件的大小与 SHA-256 · the size and SHA-256 of every file

核验(不需要任何服务) · to verify it, without any service:

    scorebus verify ARCHIVE.zip

清单不能证明自己:请把本文件的 SHA-256 另行保存。
The manifest cannot vouch for itself: keep the SHA-256 of this file in another place.
"""


class Archive:
    """Writes an archive; what `finish` has not been called on is none."""

    def __init__(self, file: IO[bytes], made_at: datetime) -> None:
        self._zip = zipfile.ZipFile(file, "w", allowZip64=True)
        self._moment = made_at.timetuple()[:6]
        self._members: list[dict[str, Any]] = []
        self._left_out: list[dict[str, str]] = []

    def add(self, name: str, content: bytes) -> None:
        """Add a member that is small enough to be held."""
        self.add_pieces(name, [content])

    def add_pieces(self, name: str, pieces: Iterable[bytes], *, is_packed: bool = False) -> str:
        """Add a member piece by piece, squeezed unless it *is_packed* by itself; returns its SHA-256."""
        entry = zipfile.ZipInfo(name, self._moment)
        entry.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        digest, size = hashlib.sha256(), 0
        with self._zip.open(entry, "w", force_zip64=True) as member:  # Its size is not known yet.
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                member.write(piece)
        self._members.append({"name": name, "size": size, "sha256": digest.hexdigest()})
        return digest.hexdigest()

    def leave_out(self, name: str, reason: str) -> None:
        """Say that a member is missing, and why."""
        self._left_out.append({"name": name, "reason": reason})

    def abandon(self) -> None:
        """Let go of the file, whatever is in it."""
        with contextlib.suppress(OSError, ValueError):
            self._zip.close()

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Write the manifest: *facts* of the archive, and every member."""
        manifest = {"format": FORMAT, **facts, "left_out": self._left_out, "members": self._members}
        self._zip.writestr(
            zipfile.ZipInfo(MANIFEST, self._moment), msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        )
        self._zip.close()
