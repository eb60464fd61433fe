"""Files as people send them, and how they are sent."""

import io
import sys
import zipfile
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx

from services.evaluation.vault import Vault
from tests.evaluation.driver import Evaluation

PDF = b"%PDF-1.4\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
JPEG = b"\xff\xd8\xff\xe0" + bytes(32)
TIFF = b"II*\x00" + bytes(32)
HTML = b"<!doctype html><script>alert(1)</script>"


def a_zip(*names: str, comment: bytes = b"") -> bytes:
    """A zip file with members of these names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = comment
        for name in names:
            archive.writestr(name, "<x/>")
    return file.getvalue()


DOCX = a_zip("[Content_Types].xml", "word/document.xml")
XLSX = a_zip("[Content_Types].xml", "xl/workbook.xml")
OFD = a_zip("OFD.xml", "Doc_0/Document.xml")


async def send(
    evaluation: Evaluation,
    content: bytes | AsyncIterator[bytes] = PDF,
    *,
    name: str = "合同.pdf",
    project: str = "p",
    sent_as: str = "application/octet-stream",
    role: str = "planner",
    projects: list[str] | None = None,
    **query: str,
) -> httpx.Response:
    """Upload a document."""
    headers = {"Authorization": f"Bearer {evaluation.token(role, projects)}", "Content-Type": sent_as}
    path = f"/documents?{urlencode({'project': project, 'name': name} | query)}"
    return await evaluation.client.post(path, content=content, headers=headers)


async def link(
    evaluation: Evaluation, sha256: str, *links: tuple[str, str], project: str = "p", **others: Any
) -> httpx.Response:
    """Say what a document backs."""
    body = {"project": project, "links": [{"kind": kind, "id": subject} for kind, subject in links]}
    return await evaluation.send("POST", f"/documents/{sha256}/links", body, role="planner", **others)


def stored(evaluation: Evaluation) -> list[str]:
    """Every file in the documents' folder, whole and half."""
    folder = evaluation.service.settings.documents  # type: ignore[attr-defined]
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def vault_of(evaluation: Evaluation) -> Vault:
    """Where the service keeps them."""
    found: Vault = sys.modules["services.evaluation.app"].vault
    return found
