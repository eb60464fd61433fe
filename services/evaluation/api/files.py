"""Files on their way out: piece by piece, to be saved and never to be shown or run."""

from collections.abc import Iterator
from typing import IO, Final
from urllib.parse import quote

from fastapi.responses import StreamingResponse

CHUNK_BYTES: Final = 64 * 1024
SAVED_ONLY: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
}


def sent(file: IO[bytes], size: int, media_type: str, headers: dict[str, str]) -> StreamingResponse:
    """The answer that sends *file*, of *size* bytes, from where it stands, and closes it."""
    return StreamingResponse(
        _pieces(file), media_type=media_type, headers=SAVED_ONLY | headers | {"Content-Length": str(size)}
    )


def named(name: str, plain: str) -> dict[str, str]:
    """The header of a file that is saved under *name*, in any script; old programs take the *plain* one."""
    return {"Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"}


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(CHUNK_BYTES):
            yield piece
