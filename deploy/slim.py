"""
Cuts shared libraries down to what is loaded of them: ``python slim.py FOLDER``.

Wheels carry symbols and debugging sections that no loader ever maps, a fifth of the image. They lie behind the last
segment of the file, where the table of sections is, too, which only linkers and debuggers read.
"""

import struct
import sys
from pathlib import Path

ELF_64_LITTLE = b"\x7fELF\x02\x01"
HEADER_BYTES = 64
SEGMENTS = struct.Struct("<32xQ14xHH")  # Of the header: where the table of segments is, bytes of an entry, entries.
SEGMENT = struct.Struct("<8xQ16xQ")  # Of an entry: where the segment begins in the file, and its bytes there.
NO_SECTIONS = ((40, "<Q"), (60, "<H"), (62, "<H"))  # Place, number and names of sections in the header.


def slim(path: Path) -> int:
    """Cut the library at *path*; the bytes that were saved, 0 if it is none or has nothing to lose."""
    content = path.read_bytes()
    if len(content) < HEADER_BYTES or not content.startswith(ELF_64_LITTLE):
        return 0
    end = end_of_segments(content)
    if end >= len(content):
        return 0
    kept = bytearray(content[:end])
    for at, shape in NO_SECTIONS:
        struct.pack_into(shape, kept, at, 0)
    draft = path.with_name(f"{path.name}.slim")
    draft.write_bytes(kept)
    draft.chmod(path.stat().st_mode)
    draft.replace(path)
    return len(content) - end


def end_of_segments(content: bytes) -> int:
    """Where the last byte ends that a loader may ask for."""
    table, size, count = SEGMENTS.unpack_from(content)
    segments = (SEGMENT.unpack_from(content, table + number * size) for number in range(count))
    return max(table + size * count, *(begin + length for begin, length in segments))


def main() -> None:
    libraries = (path for path in Path(sys.argv[1]).rglob("*.so*") if path.is_file() and not path.is_symlink())
    print(f"{sum(map(slim, libraries)) / 1e6:.0f} MB of symbols cut off")


if __name__ == "__main__":
    main()
