"""Documents over HTTP: kept once by content, told by content, and handed out to nobody else and to no browser."""

import asyncio
import hashlib
import io
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from services.evaluation.api.documents import BYTES_MAX
from services.evaluation.handlers import documents as handling
from services.evaluation.vault import DIRECTORY_BYTES_MAX
from tests.evaluation.builders import declared, held, inspected, paid, received, signed
from tests.evaluation.driver import Evaluation
from tests.evaluation.forms.papers import (
    DOCX,
    HTML,
    JPEG,
    OFD,
    PDF,
    PNG,
    TIFF,
    XLSX,
    a_zip,
    link,
    send,
    stored,
    vault_of,
)
from tests.evaluation.test_api import PLAN, play
from tests.evaluation.test_told import MEASUREMENT

HASH = hashlib.sha256(PDF).hexdigest()
ELSEWHERE = "/documents/{}?project=p"


async def prepare(evaluation: Evaluation) -> None:
    await evaluation.send("PUT", "/projects/p/plan", PLAN)
    await evaluation.happen(declared("1000.00"), received("1000.00"), paid("250.00"))


@pytest.mark.usefixtures("either_store")
def test_the_same_bytes_are_stored_once_and_answered_with_the_same_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        first = await send(evaluation, kind="contract")
        again = await send(evaluation, name="another.pdf", kind="invoice")
        both = await asyncio.gather(*(send(evaluation, PNG, name="a.png") for _ in range(4)))

        assert (first.status_code, again.status_code) == (201, 200)
        assert sorted(answer.status_code for answer in both) == [200, 200, 200, 201]
        assert first.json() == again.json()
        assert first.headers["location"] == ELSEWHERE.format(HASH)
        record = first.json()
        assert (record["sha256"], record["size"], record["media_type"]) == (HASH, len(PDF), "application/pdf")
        assert (record["name"], record["kind"], record["by"], record["links"]) == (
            "合同.pdf",
            "contract",
            "planner",
            [],
        )
        png = hashlib.sha256(PNG).hexdigest()
        assert stored(evaluation) == sorted([f"{HASH[:2]}/{HASH}", f"{png[:2]}/{png}"])

    play(scenario, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.PNG", PNG, "image/png"),
        ("a.jpeg", JPEG, "image/jpeg"),
        ("a.tif", TIFF, "image/tiff"),
        ("a.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.xlsx", XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("电子发票.ofd", OFD, "application/ofd"),
        ("a.ofd", a_zip("OFD.xml", comment=b"made by a printer"), "application/ofd"),
    ],
)
def test_a_document_is_told_by_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, media_type: str
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        answer = await send(evaluation, content, name=name)

        assert (answer.status_code, answer.json()["media_type"]) == (201, media_type)

    play(scenario, tmp_path, monkeypatch)


def beyond_4_gb(content: bytes) -> bytes:
    """A small zip file that says where its larger description stands."""
    end = content.rindex(b"PK\x05\x06")
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    return content[:end] + locator + content[end:]


def a_long_list(content: bytes) -> bytes:
    """A zip file whose list of members is said to be huge."""
    end = content.rindex(b"PK\x05\x06")
    return content[: end + 12] + struct.pack("<L", DIRECTORY_BYTES_MAX + 1) + content[end + 16 :]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (HTML, "invoice.pdf"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png"),
        ("纯文本".encode(), "a.pdf"),
        (b"#!/bin/sh\n", "a.pdf"),
        (b"\n" + PDF, "a.pdf"),
        (b"", "a.pdf"),
        (b"PK\x03\x04 and nothing more", "a.docx"),
        (a_zip("index.html"), "a.docx"),
        (a_zip("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "a.docx"),
        (b"MZ" + DOCX, "a.docx"),
        (beyond_4_gb(DOCX), "a.docx"),
        (a_long_list(DOCX), "a.docx"),
    ],
    ids=[
        "html",
        "svg",
        "text",
        "script",
        "later-pdf",
        "empty",
        "cut",
        "zip",
        "macros",
        "program",
        "zip64",
        "long-list",
    ],
)
def test_what_is_no_document_is_refused_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, name: str
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        answer = await send(evaluation, content, name=name, sent_as="application/pdf")

        assert (answer.status_code, answer.json()["type"]) == (415, "/problems/not-a-document")
        assert stored(evaluation) == []
        assert (await evaluation.get("/projects/p/documents"))["items"] == []

    play(scenario, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("a.html", 422),
        ("a", 422),
        ("a.png", 422),
        ("../a.pdf", 422),
        ("a\\b.pdf", 422),
        ("a\u202efdp.pdf", 422),
        (".pdf", 422),
        ("a\n.pdf", 422),
        ("", 422),
        ("a" * 197 + ".pdf", 422),
        ("a" * 196 + ".pdf", 201),
    ],
)
def test_a_name_ends_as_its_content_does_and_can_be_saved_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, status: int
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        answer = await send(evaluation, name=name)

        assert answer.status_code == status, answer.text
        assert len(stored(evaluation)) == (status == 201)

    play(scenario, tmp_path, monkeypatch)


def test_a_document_has_at_most_20_mib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        yield PDF
        for _ in range((size - len(PDF)) // 65_536):
            yield bytes(65_536)
        yield bytes((size - len(PDF)) % 65_536)

    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        told = await send(evaluation, PDF + bytes(BYTES_MAX))
        untold = await send(evaluation, pieces(BYTES_MAX + 1))
        as_json = await send(evaluation, PDF + bytes(300_000), sent_as="application/json")

        assert [told.status_code, untold.status_code, as_json.status_code] == [413, 413, 413]
        assert told.json()["limit"] == BYTES_MAX
        assert stored(evaluation) == []
        assert (await send(evaluation, pieces(BYTES_MAX))).json()["size"] == BYTES_MAX

    play(scenario, tmp_path, monkeypatch)


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        token = evaluation.token("planner")
        sent: list[dict[str, Any]] = []
        halves: list[list[str]] = []
        messages = [{"type": "http.request", "body": PDF, "more_body": True}, {"type": "http.disconnect"}]

        async def receive() -> dict[str, Any]:
            halves.append(stored(evaluation))
            return messages.pop(0)

        async def send_back(message: Any) -> None:
            sent.append(message)

        headers = [(b"authorization", f"Bearer {token}".encode()), (b"content-type", b"application/pdf")]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/documents",
            "raw_path": b"/documents",
            "query_string": b"project=p&name=a.pdf",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 1),
        }
        await evaluation.app(scope, receive, send_back)

        assert sent[0]["status"] == 400
        assert halves[-1][0].startswith("incoming/")  # It had begun.
        assert stored(evaluation) == []
        assert (await evaluation.get("/projects/p/documents"))["items"] == []

    play(scenario, tmp_path, monkeypatch)


def test_what_a_dead_process_left_half_done_is_forgotten_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming = tmp_path / "documents" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / "half").write_bytes(PDF)

    async def scenario(evaluation: Evaluation) -> None:
        assert stored(evaluation) == []

    play(scenario, tmp_path, monkeypatch)


def test_a_full_disk_is_said_and_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")

    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        real = os.open
        monkeypatch.setattr(
            "services.evaluation.vault.os.open",
            lambda path, flags, *mode: (
                real("/dev/full", os.O_WRONLY) if flags & os.O_CREAT else real(path, flags, *mode)
            ),
        )

        answer = await send(evaluation)

        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
        assert stored(evaluation) == []

    play(scenario, tmp_path, monkeypatch)


def test_a_document_is_handed_out_to_be_saved_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        await send(evaluation, PDF, name="发票 '1'.pdf")

        answer = await evaluation.send("GET", ELSEWHERE.format(HASH), role="viewer")
        read = await evaluation.send("GET", ELSEWHERE.format(HASH), role="auditor")

        assert answer.status_code == 403
        assert (read.status_code, read.content) == (200, PDF)
        headers = read.headers
        assert headers["content-type"] == "application/pdf"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert headers["content-length"] == str(len(PDF))
        assert headers["content-disposition"] == (
            f"attachment; filename=\"{HASH[:12]}.pdf\"; filename*=UTF-8''%E5%8F%91%E7%A5%A8%20%271%27.pdf"
        )

    play(scenario, tmp_path, monkeypatch)


def test_a_foreign_project_has_no_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        await evaluation.send("PUT", "/projects/q/plan", PLAN | {"project": "q"})
        await send(evaluation)
        own: dict[str, Any] = {"role": "planner", "projects": ["q"]}

        refused = [
            await send(evaluation, projects=["q"]),
            await link(evaluation, HASH, ("payment", "z"), projects=["q"]),
            await evaluation.send("GET", "/projects/p/documents", **own),
            await evaluation.send("GET", ELSEWHERE.format(HASH), **own),
            await evaluation.send("GET", f"/documents/{HASH}?project=q", **own),
            await link(evaluation, HASH, ("indicator", "1.1"), project="q"),
            await send(evaluation, project="nobody"),
            await evaluation.send("GET", "/projects/nobody/documents"),
        ]

        assert [answer.status_code for answer in refused] == [404] * len(refused)
        assert (await send(evaluation, role="viewer")).status_code == 403
        # The same paper of another project is that project's own record over the same bytes.
        assert (await send(evaluation, project="q", name="b.pdf")).status_code == 201
        assert len(stored(evaluation)) == 1

    play(scenario, tmp_path, monkeypatch)


@pytest.mark.usefixtures("either_store")
def test_documents_are_listed_by_page_with_what_they_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        hashes = [(await send(evaluation, PDF + bytes([n]), name=f"{n}.pdf")).json()["sha256"] for n in range(3)]
        linked = await link(evaluation, hashes[1], ("payment", "z"), ("indicator", PLAN["indicators"][0]["code"]))
        again = await link(evaluation, hashes[1], ("payment", "z"), ("payment", "z"))

        first = await evaluation.get("/projects/p/documents?limit=2")
        second = await evaluation.get(f"/projects/p/documents?limit=2&cursor={first['next']}")

        assert [each["sha256"] for each in (*first["items"], *second["items"])] == hashes
        assert (len(first["items"]), second["next"]) == (2, None)
        assert linked.status_code == 200
        assert linked.json() == again.json() == first["items"][1]
        assert {each["kind"] for each in linked.json()["links"]} == {"payment", "indicator"}

    play(scenario, tmp_path, monkeypatch)


def test_a_link_names_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        await evaluation.happen(signed("c1"), inspected("1", "02-01 00:00", "c1"), held(1, "04-01 00:00", "n1"))
        await send(evaluation)

        unknown = [await link(evaluation, HASH, (kind, "x")) for kind in ("payment", "contract", "acceptance")]
        unplanned = await link(evaluation, HASH, ("payment", "z"), ("indicator", "9.9"))
        known = await link(evaluation, HASH, ("contract", "c1"), ("inspection", "n1"))

        assert {(answer.status_code, answer.json()["type"]) for answer in unknown} == {
            (409, "/problems/subject-unknown")
        }
        assert unknown[0].headers["retry-after"] == "1"
        assert (unplanned.status_code, unplanned.json()["type"]) == (422, "/problems/unknown-indicator")
        assert [each["id"] for each in known.json()["links"]] == ["c1", "n1"]  # Nothing of the refused ones.

    play(scenario, tmp_path, monkeypatch)


def test_a_project_holds_a_bounded_number_of_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        monkeypatch.setattr(handling, "DOCUMENTS_MAX", 1)
        await send(evaluation)

        more = await send(evaluation, PNG, name="a.png")

        assert (more.status_code, more.json()["type"]) == (409, "/problems/documents-full")
        assert (await send(evaluation)).status_code == 200

    play(scenario, tmp_path, monkeypatch)


def test_a_lost_file_is_said_and_comes_back_with_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        await send(evaluation)
        (tmp_path / "documents" / HASH[:2] / HASH).unlink()

        lost = await evaluation.send("GET", ELSEWHERE.format(HASH))
        back = await send(evaluation)

        assert (lost.status_code, lost.json()["sha256"]) == (503, HASH)
        assert back.status_code == 200
        assert (await evaluation.send("GET", ELSEWHERE.format(HASH))).content == PDF

    play(scenario, tmp_path, monkeypatch)


def test_a_service_without_a_folder_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        monkeypatch.setattr(vault_of(evaluation), "_folder", None)

        answer = await send(evaluation)

        assert (answer.status_code, "SCOREBUS_DOCUMENTS_DIR" in answer.json()["detail"]) == (503, True)
        assert (await evaluation.get("/projects/p/form.json"))["total"]

    play(scenario, tmp_path, monkeypatch)


@pytest.mark.usefixtures("either_store")
def test_the_papers_behind_a_figure_stand_on_the_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reported = {
        "code": "1.2",
        "dimension": "output",
        "aspect": "quantity",
        "name": "storage",
        "unit": "台",
        "target": {"op": ">=", "value": "1"},
        "weight": "20",
        "measure": "reported",
    }
    paying = reported | {"code": "1.1", "name": "paid", "unit": "元", "weight": "30", "measure": "paid_amount"}
    bought = reported | {"code": "1.3", "name": "bought", "weight": "40", "measure": "accepted_quantity"}
    plan = PLAN | {"indicators": [paying, reported, bought | {"with": {"item": "i"}}]}

    async def scenario(evaluation: Evaluation) -> None:
        answer = await evaluation.send("PUT", "/projects/p/plan", plan)
        assert answer.status_code == 201, answer.text
        acceptance = inspected("1", "02-01 00:00", "c1")
        await evaluation.happen(declared("1000.00"), received("1000.00"), paid("250.00"), signed("c1"), acceptance)
        told = await evaluation.send("POST", "/projects/p/measurements", MEASUREMENT | {"code": "1.2"})
        assert told.status_code == 201, told.text
        before = await evaluation.get("/projects/p/form.json")
        for content, name, subject in (
            (PDF, "发票.pdf", ("payment", "z")),
            (PNG, "照片.png", ("indicator", "1.3")),
            (JPEG, "验收单.jpg", ("acceptance", acceptance[1].acceptance)),
        ):
            sha256 = (await send(evaluation, content, name=name)).json()["sha256"]
            assert (await link(evaluation, sha256, subject)).status_code == 200

        form = await evaluation.get("/projects/p/form.json")
        local = await evaluation.get("/projects/p/form.json?layout=xinjiang")
        book = await evaluation.send("GET", "/projects/p/form.xlsx?layout=xinjiang")

        names = [[each["name"] for each in row["evidence"]] for row in form["indicators"]]
        assert [row["evidence"] for row in before["indicators"]] == [[], MEASUREMENT["evidence"], []]
        assert names == [["发票.pdf"], ["storage.png"], ["照片.png", "验收单.jpg"]]
        assert form["indicators"][0]["evidence"][0]["sha256"] == HASH
        assert [row["evidence"] for row in local["indicators"]] == [row["evidence"] for row in form["indicators"]]
        cells = [cell.value for row in openpyxl.load_workbook(io.BytesIO(book.content)).active for cell in row]
        assert "照片.png、验收单.jpg" in cells

    play(scenario, tmp_path, monkeypatch)
