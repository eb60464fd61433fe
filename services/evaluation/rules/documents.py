"""Which files are kept as documents: told by their content, never by what they are called."""

from collections.abc import Collection, Mapping
from typing import Final

PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
TIFF: Final = "image/tiff"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OFD: Final = "application/ofd"
EXTENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    PDF: (".pdf",),
    PNG: (".png",),
    JPEG: (".jpg", ".jpeg"),
    TIFF: (".tif", ".tiff"),
    DOCX: (".docx",),
    XLSX: (".xlsx",),
    OFD: (".ofd",),
}
ZIP: Final = b"PK\x03\x04"
HEAD_BYTES: Final = 8  # As many as the longest beginning has.
_BEGINNINGS: Final = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
)
_CONTENT_TYPES: Final = "[Content_Types].xml"
_MEMBERS: Final = (  # What a zip file holds that is a document.
    ({_CONTENT_TYPES, "word/document.xml"}, DOCX),
    ({_CONTENT_TYPES, "xl/workbook.xml"}, XLSX),
    ({"OFD.xml"}, OFD),
)
_MACROS: Final = "vbaproject.bin"


def media_type_of(head: bytes, members: Collection[str]) -> str | None:
    """
    The media type of a file; None if it is nothing that is kept.

    Text is none, for pages and scripts are text; an office file with macros is none either.

    Args:
        head: Its first 8 bytes.
        members: The names in it, if it is a zip file.
    """
    if head.startswith(ZIP):
        if any(name.lower().endswith(_MACROS) for name in members):
            return None
        names = set(members)
        return next((media_type for wanted, media_type in _MEMBERS if wanted <= names), None)
    return next((media_type for beginning, media_type in _BEGINNINGS if head.startswith(beginning)), None)


def is_named_so(name: str, media_type: str) -> bool:
    """Whether *name* ends as files of *media_type* do: else whoever saves it would open it as something else."""
    return name.lower().endswith(EXTENSIONS[media_type])
