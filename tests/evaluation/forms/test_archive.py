"""An archive holds what a score rests on, and verifies by itself; whatever is changed in it is found and named."""

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.errors import CommandError
from cli.main import app
from cli.verify.archived import ArchiveVerdict, bundle, verify_archive
from cli.verify.wording import CHECKED, FINDINGS
from shared.events import budget
from tests.evaluation.builders import (
    Happening,
    at,
    declared,
    held,
    inspected,
    opened,
    paid,
    received,
    resolved,
    responded,
    reversed_,
    signed,
)
from tests.evaluation.driver import Evaluation
from tests.evaluation.forms.papers import PDF, PNG, link, send
from tests.evaluation.forms.test_calls import has_fonts
from tests.evaluation.test_api import play
from tests.evaluation.test_stream import PLAN

ARCHIVE = "/projects/p/archive.zip"
SCAN = PDF + bytes(range(256)) * 4_000  # A megabyte: more than one piece.
Members = dict[str, bytes]


def lowered(amount: str, when: str) -> Happening:
    """Another budget, line by line."""
    line = budget.BudgetLine(line="a", name="A", initial="1000.00", amount=amount)
    sources = budget.Sources(fiscal=amount, self_raised="0.00", carry_over="0.00", other="0.00")
    return at(when), budget.BudgetAdjusted(project="p", lines=(line,), sources=sources, amount=amount)


def a_plan() -> dict[str, Any]:
    usual = {"dimension": "output", "aspect": "quantity", "target": {"op": ">=", "value": "1"}}
    rows = [
        ("1.1", "支付金额", "元", "20", "paid_amount", {}),
        ("1.2", "验收数量", "台", "20", "accepted_quantity", {"item": "i"}),
        ("1.3", "检查次数", "次", "20", "inspections", {}),
        ("1.4", "响应时间", "小时", "10", "response_hours", {}),
        ("2.1", "稳步运行", "", "20", "rating", {}),
    ]
    indicators = [
        usual | {"code": code, "name": name, "unit": unit, "weight": weight, "measure": measure, "with": arguments}
        for code, name, unit, weight, measure, arguments in rows
    ]
    indicators[-1]["target"] = {"op": "level", "value": "稳步运行"}
    indicators[-2]["target"] = {"op": "<=", "value": "0.5"}
    return PLAN | {"indicators": indicators}


async def prepare(evaluation: Evaluation) -> None:
    """A year with a bit of everything, and a paper behind it."""
    answer = await evaluation.send("PUT", "/projects/p/plan", a_plan())
    assert answer.status_code == 201, answer.text
    rating = {"code": "2.1", "level": "achieved", "percent": "90", "reason": "稳定", "rated_by": "评审组"}
    await evaluation.send("POST", "/projects/p/ratings", rating)
    await evaluation.send("POST", "/projects/p/indicators/1.4/deviation", {"reason": "雷击", "remedy": "加装防雷"})
    await evaluation.send("PUT", "/projects/p/narrative", {"texts": {"achieved": "全年正常运行。"}})
    await evaluation.happen(
        declared("1000.00"),
        received("1000.00"),
        signed("c1"),
        inspected("1", "02-01 00:00", "c1"),
        paid("250.00"),
        paid("50.00", "03-02 00:00", "z2"),
        reversed_("50.00", "03-03 00:00", "z2"),
        lowered("800.00", "05-01 00:00"),
        held(1, "04-01 00:00", "n1"),
        opened("04-01 08:00"),
        responded("04-01 09:00"),
        resolved("04-01 18:00"),
    )
    await evaluation.score(lambda score: score["details"][3]["status"] == "missed")
    for content, name, subject in ((SCAN, "发票.pdf", ("payment", "z")), (PNG, "照片.png", ("indicator", "1.3"))):
        sha256 = (await send(evaluation, content, name=name)).json()["sha256"]
        assert (await link(evaluation, sha256, subject)).status_code == 200


async def archived(evaluation: Evaluation, query: str = "") -> bytes:
    answer = await evaluation.send("GET", ARCHIVE + query)
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The archive of a sealed year, where it can be sealed."""
    found: list[bytes] = []

    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        if has_fonts():
            for role in ("planner", "admin"):
                closed = await evaluation.send("POST", "/projects/p/closure", {}, role=role)
                assert closed.status_code == 200, closed.text
        found.append(await archived(evaluation))

    with pytest.MonkeyPatch.context() as monkeypatch:
        play(scenario, tmp_path_factory.mktemp("archive"), monkeypatch)
    return found[0]


def members_of(archive: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {name: file.read(name) for name in file.namelist()}


def rewritten(members: Members, *, is_honest: bool = False) -> bytes:
    """The zip file of *members*; *is_honest* writes the manifest anew, as a careful forger would."""
    if is_honest:
        manifest = json.loads(members["manifest.json"])
        manifest["members"] = [
            {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in members.items()
            if name != "manifest.json"
        ]
        for name in manifest["events"]:
            manifest["events"][name] = members[f"events/{name}.ndjson"].count(b"\n")
        members = members | {"manifest.json": json.dumps(manifest).encode()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in members.items():
            book.writestr(name, content)
    return file.getvalue()


def verified(content: bytes, folder: Path) -> ArchiveVerdict:
    path = folder / "archive.zip"
    path.write_bytes(content)
    return verify_archive(path)


def differences(verdict: ArchiveVerdict) -> list[tuple[str, str]]:
    """What was found, but doubts."""
    return [(each.code, each.where) for each in verdict.findings.kept if each.severity != "doubt"]


def test_an_archive_verifies_by_itself(archive: bytes, tmp_path: Path) -> None:
    verdict = verified(archive, tmp_path)

    assert [each for each in verdict.findings.kept if each.severity != "doubt"] == []
    assert (verdict.exit_code, verdict.outcome) == (0, "true")
    assert (verdict.checked["indicators"], verdict.checked["documents"]) == (5, 2)
    assert verdict.checked["events"] > 12


def test_an_archive_holds_what_the_score_rests_on(archive: bytes) -> None:
    members = members_of(archive)

    papers = {"form.json", "form.xlsx", "form.docx", *(["form.pdf", "sealed/form.pdf"] if has_fonts() else [])}
    assert papers <= members.keys()
    assert {"score.json", "plan.json", "policy.toml", "narrative.json", "README.txt"} <= members.keys()
    listed = json.loads(members["documents.json"])
    assert [each["name"] for each in listed] == ["发票.pdf", "照片.png"]
    assert members[listed[0]["member"]] == SCAN
    assert listed[0]["links"] == [{"kind": "payment", "id": "z"}]
    assert json.loads(members["narrative.json"])["zh"] == {"achieved": "全年正常运行。"}
    first = json.loads(members["events/budget.ndjson"].splitlines()[0])
    assert first["event"]["type"] == "project.declared.v1"
    assert first["hash"] in members["events/budget.ndjson"].splitlines()[1].decode()  # Its successor names it.
    readme = members["README.txt"].decode()
    assert "资料归档" in readme
    assert "scorebus verify" in readme


@pytest.mark.usefixtures("either_store")
def test_an_archive_in_another_layout_and_before_the_end_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        for query in ("?layout=xinjiang&lang=en", "?layout=hubei"):
            assert differences(verified(await archived(evaluation, query), tmp_path)) == []
        await evaluation.happen(paid("1.00", "12-30 00:00", "z3"))  # Its score may not be on record yet.
        assert [code for code, _ in differences(verified(await archived(evaluation), tmp_path))] == []

    play(scenario, tmp_path, monkeypatch)


@pytest.mark.usefixtures("either_store")
def test_an_archive_made_while_the_score_moves_fits_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        async def pay(number: int) -> None:
            for part in range(5):
                await evaluation.happen(paid("0.10", "12-30 00:00", f"more-{number}-{part}"))

        for number in range(4):
            made, _ = await asyncio.gather(archived(evaluation), pay(number))
            assert differences(verified(made, tmp_path)) == []

    play(scenario, tmp_path, monkeypatch, coalesce_seconds="0")


@pytest.mark.usefixtures("either_store")
def test_an_event_that_was_parked_is_said_and_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        await evaluation.happen(paid("9.00", "12-30 00:00", "z"))  # The id is taken: its source breaks its promise.
        await evaluation.score(lambda score: "parked-events" in score["reasons"])

        verdict = verified(await archived(evaluation), tmp_path)

        assert differences(verdict) == []
        assert "event-parked" in verdict.findings.by_code()

    play(scenario, tmp_path, monkeypatch)


def change_document(members: Members) -> None:
    name = next(name for name in members if name.endswith("发票.pdf"))
    members[name] = members[name][:-1] + b"?"


def change_score(members: Members) -> None:
    score = json.loads(members["score.json"])
    score["details"][0]["score"] = "19.99"
    members["score.json"] = json.dumps(score).encode()


def change_spent(members: Members) -> None:
    score = json.loads(members["score.json"])
    score["execution"]["spent"] = "251.00"
    members["score.json"] = json.dumps(score).encode()


def change_form(members: Members) -> None:
    form = json.loads(members["form.json"])
    form["indicators"][1]["measured"] = "2台"
    members["form.json"] = json.dumps(form).encode()


def change_money(members: Members) -> None:
    form = json.loads(members["form.json"])
    form["money"][0]["executed"] = "0.03"
    members["form.json"] = json.dumps(form).encode()


def add_row(members: Members) -> None:
    """A second row of the same code, in front: whoever reads from the top believes it."""
    score = json.loads(members["score.json"])
    score["details"].insert(0, score["details"][0] | {"score": "1.00"})
    members["score.json"] = json.dumps(score).encode()


def drop_column(members: Members) -> None:
    form = json.loads(members["form.json"])
    for row in form["indicators"]:
        del row["score"]
    members["form.json"] = json.dumps(form).encode()


def change_plan(members: Members) -> None:
    members["plan.json"] = members["plan.json"].replace("支付金额".encode(), "支付数额".encode())


def drop_event(members: Members) -> None:
    """The payment, with nothing left of it."""
    lines = members["events/budget.ndjson"].splitlines(keepends=True)
    members["events/budget.ndjson"] = b"".join(line for line in lines if b'"payment":"z"' not in line)


def drop_last_event(members: Members) -> None:
    lines = members["events/budget.ndjson"].splitlines(keepends=True)
    members["events/budget.ndjson"] = b"".join(lines[:-1])


def change_event(members: Members) -> None:
    members["events/budget.ndjson"] = members["events/budget.ndjson"].replace(b'"250.00"', b'"260.00"')


def swap_events(members: Members) -> None:
    first, second, *rest = members["events/monitoring.ndjson"].splitlines(keepends=True)
    members["events/monitoring.ndjson"] = b"".join([second, first, *rest])


def hide_event(members: Members) -> None:
    """A payment said to have been set aside."""
    lines = members["events/budget.ndjson"].splitlines(keepends=True)
    members["events/budget.ndjson"] = b"".join(
        line.replace(b'"parked":false', b'"parked":true') if b'"payment":"z"' in line else line for line in lines
    )


def add_member(members: Members) -> None:
    members["documents/another.pdf"] = PDF


def remove_member(members: Members) -> None:
    del members["narrative.json"]


CHANGES: list[tuple[Callable[[Members], None], tuple[str, str], tuple[str, str]]] = [
    # What is changed, and what is found of it; then what a forger is told who writes the manifest anew.
    (change_document, ("member-damaged", "documents/"), ("document-differs", "documents.json documents/")),
    (
        change_score,
        ("score-differs", "score.json details 1.1 score"),
        ("score-differs", "score.json details 1.1 score"),
    ),
    (change_spent, ("score-differs", "score.json execution spent"), ("score-differs", "score.json execution spent")),
    (change_form, ("form-differs", "form.json indicators 1.2 measured"), ("form-differs", "form.json indicators 1.2")),
    (change_money, ("form-differs", "form.json money executed"), ("form-differs", "form.json money executed")),
    (add_row, ("score-differs", "score.json details codes"), ("score-differs", "score.json details codes")),
    (drop_column, ("form-differs", "form.json indicators 1.1"), ("form-differs", "form.json indicators 1.1 score")),
    (change_plan, ("plan-differs", "plan.json indicators 0 name"), ("plan-differs", "plan.json indicators 0 name")),
    (drop_event, ("events-missing", "events/budget.ndjson"), ("score-differs", "score.json details 1.1 measured")),
    (drop_last_event, ("events-missing", "events/budget.ndjson"), ("score-differs", "score.json execution budget")),
    (change_event, ("hash-mismatch", "budget 0 "), ("hash-mismatch", "budget 0 ")),
    (swap_events, ("event-out-of-order", "monitoring 0 "), ("event-out-of-order", "monitoring 0 ")),
    (hide_event, ("member-damaged", "events/budget.ndjson"), ("score-differs", "score.json details 1.1 measured")),
    (add_member, ("member-extra", "documents/another.pdf"), ("document-differs", "documents.json documents/another")),
    (remove_member, ("member-missing", "narrative.json"), ("member-missing", "narrative.json")),
]


@pytest.mark.parametrize(("change", "found", "forged"), CHANGES, ids=[change.__name__ for change, _, _ in CHANGES])
def test_each_change_is_found_and_named(
    archive: bytes,
    tmp_path: Path,
    change: Callable[[Members], None],
    found: tuple[str, str],
    forged: tuple[str, str],
) -> None:
    members = members_of(archive)
    change(members)

    for is_honest, (code, where) in ((False, found), (True, forged)):
        verdict = verified(rewritten(members, is_honest=is_honest), tmp_path)

        assert verdict.exit_code == 1
        assert [each for each in differences(verdict) if each[0] == code and each[1].startswith(where)], differences(
            verdict
        )


def test_nothing_changed_is_true_when_it_is_packed_anew(archive: bytes, tmp_path: Path) -> None:
    assert differences(verified(rewritten(members_of(archive)), tmp_path)) == []
    assert differences(verified(rewritten(members_of(archive), is_honest=True), tmp_path)) == []


def test_a_flipped_byte_of_the_file_itself_is_never_passed_over(archive: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        places = [entry.header_offset + 60 + len(entry.filename.encode()) for entry in file.infolist()]

    for place in places:
        flipped = archive[:place] + bytes([archive[place] ^ 0x10]) + archive[place + 1 :]
        try:
            assert verified(flipped, tmp_path).exit_code == 1
        except CommandError:  # The manifest cannot be read: that is exit code 2.
            assert place == places[-1]


@pytest.mark.skipif(not has_fonts(), reason="no Chinese font to print with")
def test_another_sealed_form_is_found_by_its_published_hash(archive: bytes, tmp_path: Path) -> None:
    members = members_of(archive)
    members["sealed/form.json"] = members["sealed/form.json"] + b" "
    changed = differences(verified(rewritten(members, is_honest=True), tmp_path))
    del members["sealed/form.json"]
    gone = differences(verified(rewritten(members, is_honest=True), tmp_path))

    assert (changed, gone) == ([("sealed-differs", "sealed/form.json")], [("member-missing", "sealed/form.json")])


@pytest.mark.parametrize("name", ["score.json", "form.json", "plan.json", "documents.json", "events/budget.ndjson"])
@pytest.mark.parametrize(
    "content", [b"[" * 200_000, b"[" * 200_000 + b"]" * 200_000, b'[[{"code":[]}]]', b"\xff", b"null"]
)
def test_a_member_that_makes_no_sense_is_a_finding_and_no_crash(
    archive: bytes, tmp_path: Path, name: str, content: bytes
) -> None:
    verdict = verified(rewritten(members_of(archive) | {name: content}, is_honest=True), tmp_path)

    assert verdict.exit_code == 1
    assert [each for each in verdict.findings.kept if each.where.startswith(name)]


def a_bomb(archive: bytes) -> bytes:
    members = members_of(archive)
    members["form.json"] = bytes(20 * 1024 * 1024)
    return rewritten(members)


def overlapping(archive: bytes) -> bytes:
    """Many names for one place: each unpacks to little, all of them to much."""
    entry = b"PK\x01\x02"
    start = archive.rindex(b"PK\x05\x06")
    first = archive.index(entry, int.from_bytes(archive[start + 16 : start + 20], "little"))
    second = archive.index(entry, first + 4)
    others = archive[first:second] * 3_000
    end = bytearray(archive[start:])
    end[8:10] = end[10:12] = (int.from_bytes(end[8:10], "little") + 3_000).to_bytes(2, "little")
    end[12:16] = (int.from_bytes(end[12:16], "little") + len(others)).to_bytes(4, "little")
    return archive[:start] + others + bytes(end)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (a_bomb, f"more than {bundle.RATIO_MAX} times its size"),
        (overlapping, "overlap"),
        (lambda _: rewritten({str(n): b"" for n in range(bundle.MEMBERS_MAX + 1)}), "members"),
        (lambda _: rewritten({"n" * 60_000 + str(n): b"" for n in range(80)}), "list of its members"),
        (lambda _: rewritten({"a.txt": b"a"}), "manifest.json"),
        (lambda _: rewritten({"manifest.json": b"{}"}), "manifest.json"),
        (lambda archive: archive[: len(archive) // 2], "no archive"),
        (lambda _: b"", "no archive"),
        (lambda _: PDF, "no archive"),
    ],
    ids=["bomb", "overlapping", "many", "long-names", "another-zip", "empty-manifest", "cut", "empty", "pdf"],
)
def test_what_is_no_archive_or_would_do_harm_is_not_unpacked(
    archive: bytes, tmp_path: Path, made: Callable[[bytes], bytes], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        verified(made(archive), tmp_path)


def test_the_command_says_each_difference_in_one_line(archive: bytes, tmp_path: Path) -> None:
    members = members_of(archive)
    change_score(members)
    honest, changed = tmp_path / "honest.zip", tmp_path / "changed.zip"
    honest.write_bytes(archive)
    changed.write_bytes(rewritten(members, is_honest=True))

    good = CliRunner().invoke(app, ["verify", str(honest)])
    bad = CliRunner().invoke(app, ["verify", str(changed)])
    machine = CliRunner().invoke(app, ["verify", str(changed), "--json"])
    missing = CliRunner().invoke(app, ["verify", str(tmp_path / "none.zip")])
    mixed = CliRunner().invoke(app, ["verify", str(honest), "--source", "budget"])

    assert (good.exit_code, "全部属实 · all true" in good.stdout) == (0, True)
    [line] = [line for line in bad.stdout.splitlines() if "score-differs" in line]
    assert line.startswith("score.json details 1.1 score: 不符 difference")
    assert line.endswith("应为 expected 20.00, 实为 found 19.99")
    assert (bad.exit_code, json.loads(machine.stdout)["codes"]) == (1, {"score-differs": 1})
    assert (missing.exit_code, mixed.exit_code) == (2, 2)
    assert "none.zip" in missing.stderr


def test_every_finding_of_an_archive_has_words() -> None:
    folder = Path(bundle.__file__).parent
    said = {word for path in folder.glob("*.py") for word in path.read_text(encoding="utf-8").split('"')}

    assert {code for _, *both in CHANGES for code, _ in both} <= FINDINGS.keys()
    assert {"members", "documents", "events", "indicators"} <= CHECKED.keys() & said


def test_an_archive_is_the_projects_readers_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)

        answers = [
            await evaluation.send("GET", ARCHIVE, role="auditor", projects=["q"]),
            await evaluation.send("GET", "/projects/nobody/archive.zip"),
            await evaluation.send("GET", ARCHIVE, role="viewer"),
            await evaluation.send("GET", f"{ARCHIVE}?layout=unknown"),
        ]
        good = await evaluation.send("GET", ARCHIVE, role="planner", projects=["p"])

        assert [answer.status_code for answer in answers] == [404, 404, 403, 422]
        assert good.headers["content-type"] == "application/zip"
        assert good.headers["content-disposition"].startswith('attachment; filename="p.zip"')
        assert good.headers["content-length"] == str(len(good.content))

    play(scenario, tmp_path, monkeypatch)


def test_a_damaged_document_is_not_archived_as_if_it_were_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        await prepare(evaluation)
        digest = hashlib.sha256(PNG).hexdigest()
        (tmp_path / "documents" / digest[:2] / digest).write_bytes(PNG[:-1])

        answer = await evaluation.send("GET", ARCHIVE)

        assert (answer.status_code, answer.json()["sha256"]) == (503, digest)

    play(scenario, tmp_path, monkeypatch)
