"""Each kind of tampering is found, and named at its place; an honest platform is found true."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cli.errors import CommandError
from cli.verify.scores import on_record
from cli.verify.tips import Tip, read_tips
from services.evaluation.rules import plan_event
from shared.events.base import hash_of
from tests.cli.verify.built import Built, found, verified
from tests.cli.verify.histories import told
from tests.evaluation.builders import (
    PROJECT,
    Happening,
    a_plan,
    an_indicator,
    at,
    declared,
    inspected,
    opened,
    paid,
    received,
    resolved,
    responded,
    reversed_,
    signed,
)

STORY: list[Happening] = [
    declared("100.00"),
    received("90.00"),
    signed("c1", "40.00"),
    inspected("1", "02-01 00:00", "c1"),
    paid("40.00", "02-20 00:00", "z1", contract="c1"),
    paid("5.00", "03-01 00:00", "z2"),
    reversed_("5.00", "03-02 00:00", "z2"),
    opened("04-01 08:00"),
    responded("04-01 09:00"),
    resolved("04-01 18:00"),
]
PLAN = a_plan(
    an_indicator("paid_amount", "<=", "40", code="1.1", unit="元", weight=Decimal(50)),
    an_indicator("response_hours", "<=", "8", code="1.2", unit="小时", weight=Decimal(40)),
)


def a_platform(*more: Happening) -> Built:
    return Built(PLAN, [*STORY, *more])


def test_an_honest_platform_is_found_true() -> None:
    verdict = verified(a_platform())

    assert found(verdict) == []
    assert (verdict.exit_code, verdict.outcome) == (0, "true")
    assert [(chain["source"], chain["events"]) for chain in verdict.chains] == [
        ("budget", 5),
        ("procurement", 2),
        ("monitoring", 3),
        ("evaluation", 2),
    ]
    assert verdict.checked["indicators"] == 2
    assert (verdict.checked["payments"], verdict.checked["contracts"], verdict.checked["faults"]) == (2, 1, 1)


@pytest.mark.parametrize("seq", [1, 3, 4])
def test_one_changed_byte_is_found_at_its_event(seq: int) -> None:
    built = a_platform()
    raw = built.feeds["budget"][seq - 1]
    built.feeds["budget"][seq - 1] = raw.replace(b'"correlationid":"c"', b'"correlationid":"d"')

    verdict = verified(built)

    assert found(verdict) == [("hash-mismatch", f"budget 0 {seq}")]
    [finding] = verdict.findings.kept
    assert (finding.expected, finding.found) == (hash_of(raw), hash_of(built.feeds["budget"][seq - 1]))
    assert verdict.exit_code == 1


def test_a_changed_byte_of_the_last_event_is_found_by_the_head() -> None:
    built = a_platform()
    built.heads["budget"] = (5, hash_of(built.feeds["budget"][-1]))
    built.feeds["budget"][-1] = built.feeds["budget"][-1].replace(b'"correlationid":"c"', b'"correlationid":"d"')

    assert found(verified(built)) == [("head-mismatch", "budget 0 5")]


def test_a_space_between_members_is_a_changed_byte() -> None:
    built = a_platform()
    built.feeds["monitoring"][0] = built.feeds["monitoring"][0].replace(b',"id"', b', "id"')

    assert found(verified(built)) == [("hash-mismatch", "monitoring 0 1")]


def test_an_event_left_out_is_found_where_it_was() -> None:
    built = a_platform()
    head = (3, hash_of(built.feeds["monitoring"][-1]))
    del built.feeds["monitoring"][1]
    built.heads["monitoring"] = head

    verdict = verified(built)

    assert found(verdict)[0] == ("sequence-gap", "monitoring 0 2")
    assert ("answer-differs", "monitoring /faults/f responded_at") in found(verdict)


def test_an_end_cut_off_is_found_by_the_head() -> None:
    built = a_platform()
    built.heads["procurement"] = (2, hash_of(built.feeds["procurement"][-1]))
    built.feeds["procurement"].pop()

    assert found(verified(built))[0] == ("head-mismatch", "procurement 0 2")


def test_two_swapped_events_are_found_where_the_first_stood() -> None:
    built = a_platform()
    feed = built.feeds["budget"]
    feed[1], feed[2] = feed[2], feed[1]

    verdict = verified(built)

    assert found(verdict)[0] == ("sequence-gap", "budget 0 2")
    assert {code for code, where in found(verdict) if where.startswith("budget 0")} == {"sequence-gap"}


@pytest.mark.parametrize(
    ("member", "value", "place"),
    [
        ("source", "/procurement", "budget 0 5 source"),
        ("partition", 1, "budget 0 5 partition"),
        ("subject", "q", "budget 0 5 subject"),
        ("specversion", "0.3", "budget 0 5 specversion"),
    ],
)
def test_a_wrong_member_of_the_envelope_is_named(member: str, value: Any, place: str) -> None:
    built = a_platform()
    envelope = json.loads(built.feeds["budget"][-1]) | {member: value}
    built.feeds["budget"][-1] = json.dumps(envelope).encode()

    assert ("member-wrong", place) in found(verified(built, source="budget"))


def test_an_id_given_twice_is_found() -> None:
    built = a_platform()
    envelope = json.loads(built.feeds["budget"][-1]) | {"id": "budget-1"}
    built.feeds["budget"][-1] = json.dumps(envelope).encode()

    assert ("id-twice", "budget 0 5") in found(verified(built))


def test_what_is_no_event_is_named_and_the_rest_still_read() -> None:
    built = a_platform()
    built.feeds["procurement"][0] = b'{"sequence":"00000000000000000001"}'

    verdict = verified(built, source="procurement")

    assert found(verdict)[0] == ("event-unreadable", "procurement 0 1")
    assert verdict.chains[0]["events"] == 2


def test_a_clock_that_went_back_is_a_doubt_and_no_difference() -> None:
    built = a_platform()
    built.tell(received("1.00", receipt="late"), recorded=at("12-01 00:00"))
    built.story.append(received("1.00", receipt="late"))
    built.publish()

    verdict = verified(built)

    assert found(verdict) == [("recorded-earlier", "budget 0 6")]
    assert verdict.exit_code == 0


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ([paid("60.01", "05-01 00:00", "z3")], "line-exceeded"),
        ([paid("50.01", "05-01 00:00", "z3")], "funds-not-received"),
        ([paid("1.00", "05-01 00:00", "z3", line="nowhere")], "line-unknown"),
        ([paid("1.00", "05-01 00:00", "z3", contract="c9")], "contract-unknown"),
        ([paid("0.01", "05-01 00:00", "z3", contract="c1")], "contract-exceeded"),
        ([signed("c2", "9.00"), paid("1.00", "05-01 00:00", "z3", contract="c2")], "contract-not-accepted"),
    ],
)
def test_what_may_never_have_happened_is_found_in_the_ledger(more: list[Happening], code: str) -> None:
    assert code in {code for code, _ in found(verified(a_platform(*more)))}


def test_a_payment_reversed_twice_is_found() -> None:
    built = a_platform()
    built.tell(reversed_("5.00", "03-03 00:00", "z2"))

    assert ("already-reversed", "budget payment.reversed 6") in found(verified(built))


def test_a_forged_score_is_found_with_its_indicator() -> None:
    def forge(score: dict[str, Any]) -> dict[str, Any]:
        score["details"][1]["score"] = "0.00"
        return score

    built = a_platform()
    built.changes[f"evaluation /projects/{PROJECT}/score"] = forge

    verdict = verified(built)

    assert {where.split(" details ")[-1] for _, where in found(verdict) if " details " in where} == {"1.2 score"}
    finding = verdict.findings.kept[0]
    assert (finding.code, finding.expected, finding.found) == ("score-differs", "40.00", "0.00")


@pytest.mark.parametrize("member", ["total", "grade", "final", "version", "policy"])
def test_each_forged_member_of_a_score_is_found(member: str) -> None:
    built = a_platform()
    built.changes[f"evaluation /projects/{PROJECT}/score"] = lambda score: score | {member: "forged"}

    places = {where for _, where in found(verified(built))}

    assert any(where.endswith(f" {member}") for where in places)


def test_a_wrong_ledger_is_found_with_its_line() -> None:
    def forge(budget: dict[str, Any]) -> dict[str, Any]:
        budget["lines"][0]["paid"] = "41.00"
        return budget

    built = a_platform()
    built.changes[f"budget /projects/{PROJECT}/budget"] = forge

    [finding] = verified(built).findings.kept

    assert (finding.code, finding.where) == ("answer-differs", f"budget /projects/{PROJECT}/budget lines a paid")
    assert (finding.expected, finding.found) == ("40.00", "41.00")


@pytest.mark.parametrize(
    ("noun", "name", "service"),
    [("payment", "z1", "budget"), ("contract", "c1", "procurement"), ("fault", "f", "monitoring")],
)
def test_a_record_that_a_service_hides_is_found(noun: str, name: str, service: str) -> None:
    built = a_platform()
    built.changes[f"{service} /{noun}s"] = lambda page: (
        page | {"items": [each for each in page["items"] if each[noun] != name]}
    )
    built.changes[f"{service} /{noun}s/{name}"] = lambda answer: None

    assert found(verified(built)) == [("answer-differs", f"{service} /{noun}s/{name}")]


def test_a_record_that_no_event_tells_of_is_found() -> None:
    built = a_platform()
    ghost = {"payment": "ghost", "project": PROJECT, "amount": "1.00"}
    built.changes["budget /payments"] = lambda page: page | {"items": [*page["items"], ghost]}
    built.changes["budget /payments/ghost"] = lambda answer: ghost

    assert found(verified(built)) == [("answer-differs", "budget /payments/ghost")]


def test_a_version_left_out_is_found() -> None:
    built = a_platform()
    built.publish()
    del built.feeds["evaluation"][1]

    assert "version-skipped" in {code for code, _ in found(verified(built))}


def test_a_measure_that_is_not_known_is_never_passed_silently() -> None:
    built = a_platform()
    built.feeds["evaluation"].clear()
    unknown = a_plan(
        an_indicator("paid_amount", "<=", "40", code="1.1", unit="元", weight=Decimal(50)),
        an_indicator("response_hours", "<=", "8", code="1.2", unit="小时", weight=Decimal(40)),
    )
    built.plan = unknown
    built.tell((at("01-01 00:00"), _renamed_measure(unknown)))
    built.publish()

    verdict = verified(built)

    assert found(verdict) == [("not-recomputable", f"evaluation {PROJECT} 1.2")]
    assert (verdict.exit_code, verdict.outcome) == (2, "unverified")


def _renamed_measure(plan: Any) -> Any:
    event = plan_event(plan, PROJECT)
    first, second = event.indicators
    return msgspec.structs.replace(event, indicators=(first, msgspec.structs.replace(second, measure="of_tomorrow")))


def tips_of(built: Built) -> list[Tip]:
    return verified(built).tips


def test_a_tip_written_down_earlier_holds_when_more_has_happened_since() -> None:
    built = a_platform()
    tips = tips_of(built)
    for happening in (received("1.00", receipt="more"), paid("1.00", "06-01 00:00", "z9")):
        built.tell(happening)
        built.story.append(happening)
    built.publish()

    verdict = verified(built, against=tips)

    assert found(verdict) == []
    assert len(verdict.against) == 4


def test_a_log_written_anew_with_all_its_hashes_does_not_hold_against_the_tip() -> None:
    tips = [tip for tip in tips_of(a_platform()) if tip.source == "budget"]
    story = [*STORY]
    story[5] = paid("4.99", "03-01 00:00", "z2")
    story[6] = reversed_("4.99", "03-02 00:00", "z2")
    rewritten = Built(PLAN, story)

    assert found(verified(rewritten)) == []
    assert found(verified(rewritten, against=tips)) == [("tip-mismatch", "budget 0 5")]


def test_a_log_shorter_than_its_tip_does_not_hold() -> None:
    built = a_platform()
    tips = tips_of(a_platform(received("1.00", receipt="more")))

    assert ("tip-mismatch", "budget 0 6") in found(verified(built, against=tips))


def test_tips_are_read_as_they_are_printed(tmp_path: Any) -> None:
    tips = tips_of(a_platform())
    note = tmp_path / "note"
    note.write_text("# October\n\n" + "\n".join(map(str, tips)) + "\n")

    assert read_tips(str(note)) == tips
    assert read_tips(str(tips[0])) == tips[:1]


def test_the_whole_foot_of_a_form_is_a_note_of_its_tips(tmp_path: Any) -> None:
    tips = tips_of(a_platform())
    note = tmp_path / "foot"
    note.write_text(
        "\n".join(["评分办法：mof-2020", "截至：2019-01-01   版本：7", *map(str, tips), "To verify: scorebus"])
    )

    assert read_tips(str(note)) == tips


@pytest.mark.parametrize("content", ["", "budget 0 e 1 xyz\n", "budget 0 e 1\n", "nobody 0 e 1 " + "0" * 64])
def test_a_note_that_is_none_is_refused(tmp_path: Any, content: str) -> None:
    note = tmp_path / "note"
    note.write_text(content)

    with pytest.raises(CommandError):
        read_tips(str(note))


def test_one_log_alone_is_read_alone() -> None:
    built = a_platform()

    verdict = verified(built, source="procurement")

    assert found(verdict) == []
    assert {place.split()[0] for place in built.asked} == {"procurement"}


def test_a_long_feed_is_read_page_by_page() -> None:
    built = a_platform(*(received("0.01", receipt=f"r{number}") for number in range(2_100)))

    verdict = verified(built)

    assert found(verdict) == []
    assert verdict.chains[0]["events"] == 2_105
    assert built.asked.count("budget /events") == 3


def test_scores_that_evaluation_holds_back_are_told_of() -> None:
    def held_back(score: dict[str, Any]) -> dict[str, Any]:
        return score | {"final": False, "reasons": [*score["reasons"], "diverged"]}

    built = a_platform()
    built.changes[f"evaluation /projects/{PROJECT}/score"] = held_back
    built.feeds["evaluation"][-1] = built.feeds["evaluation"][-1].replace(b'"final":true', b'"final":false')

    verdict = verified(built)

    assert found(verdict) == [("score-held-back", f"evaluation {PROJECT}")]


def test_a_score_that_comes_level_within_the_patience_is_no_difference() -> None:
    answers = iter(["0.00"] * 3)

    def lagging(score: dict[str, Any]) -> dict[str, Any]:
        return score | {"total": next(answers, score["total"])}

    built = a_platform()
    built.changes[f"evaluation /projects/{PROJECT}/score"] = lagging

    assert found(verified(built, patience_seconds=60)) == []


def test_a_project_that_moves_while_it_is_asked_is_asked_again() -> None:
    built = a_platform()
    extra = received("1.00", receipt="meanwhile")

    def overtaken(budget: dict[str, Any]) -> dict[str, Any]:
        if extra not in built.story:
            built.tell(extra)
            built.story.append(extra)
            built.publish()
            return budget | {"received": "91.00"}
        return budget

    built.changes[f"budget /projects/{PROJECT}/budget"] = overtaken

    assert found(verified(built)) == []


def test_everything_is_counted_but_not_everything_kept() -> None:
    built = a_platform(*(paid("90.00", "05-01 00:00", f"y{number}") for number in range(80)))

    verdict = verified(built)

    assert verdict.findings.by_code()["line-exceeded"] == 80
    assert sum(code == "line-exceeded" for code, _ in found(verdict)) == 50
    assert timedelta(seconds=verdict.seconds) > timedelta(0)


def test_what_precedes_an_event_in_its_log_was_on_record_before_it() -> None:
    events = told(
        [
            declared("100.00"),  # Recorded when it happened, and so are all.
            paid("5.00", "05-01 00:00", "z1"),
            reversed_("5.00", "03-02 00:00", "z1"),  # By a clock that was put back.
            paid("6.00", "06-01 00:00", "z2"),
            opened("05-02 08:00"),
        ]
    )

    known = on_record(events, at("04-01 00:00"))

    assert [event.type for event in known] == ["project.declared", "payment.made", "payment.reversed"]
