"""The catalogue's calls, used from outside."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from services.evaluation import catalogue
from tests.evaluation.driver import Evaluation, started

EVERYTHING = len(catalogue.read_all())
MATCH = "/catalogue/match"


def play(scenario: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with started(folder, monkeypatch) as evaluation:
            await scenario(evaluation)

    asyncio.run(run())


def test_indicators_are_found_by_words_and_shown_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        by_initials = await evaluation.get("/catalogue?q=wzkyl", role="viewer")
        [found] = (await evaluation.get("/catalogue?q=续电能力&dimension=benefit", role="planner"))["items"]

        assert by_initials["items"][0]["name"] == "网站可用率"
        assert found == {
            "code": "ups-hours",
            "name": "续电能力",
            "name_en": "Hours on battery",
            "dimension": "benefit",
            "aspect": "sustainable",
            "unit": "小时",
            "measure": "reading",
            "with": {"metric": "ups-runtime-hours", "statistic": "last", "asset": "ups"},
            "synonyms": ["UPS续航时间", "断电续航时长", "UPS后备供电时间", "停电后供电时长"],
            "synonyms_en": ["battery runtime", "UPS runtime"],
            "direction": ">=",
            "target": {"op": ">=", "value": "4"},
            "collect": {
                "zh": "每年做一次放电试验,记录断电后持续供电的小时数。",
                "en": "A discharge test each year; the hours of supply after mains fail.",
            },
            "source": {
                "zh": "喀什政府网站网络运行维护项目支出绩效自评报告(2018)",
                "en": "Self-evaluation of the Kashgar government website's operation and maintenance, 2018",
            },
            "certainty": "V",
        }

    play(scenario, tmp_path, monkeypatch)


def test_the_whole_catalogue_is_read_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        codes: list[str] = []
        cursor = ""
        while True:
            page = await evaluation.get(f"/catalogue?limit=50{cursor}", role="viewer")
            codes += [item["code"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"

        assert len(codes) == len(set(codes)) == EVERYTHING

    play(scenario, tmp_path, monkeypatch)


def test_texts_are_matched_in_their_order_with_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        texts = ["网站不出故障", "机房巡检次数", "投诉少于5%", "????"]
        answer = await evaluation.send("POST", MATCH, {"texts": texts}, role="viewer")

        assert answer.status_code == 200
        matches = answer.json()["matches"]
        assert [match["text"] for match in matches] == texts
        assert [len(match["candidates"]) for match in matches] == [3, 3, 3, 0]
        complaint = matches[2]["candidates"][0]
        confidence = complaint.pop("confidence")
        assert 0.9 < float(confidence) <= 1
        assert complaint == {
            "code": "complaint-rate",
            "name": "投诉率",
            "name_en": "Complaint rate",
            "dimension": "benefit",
            "aspect": "social",
            "unit": "%",
            "measure": "complaint_rate",
            "with": {},
            "target": {"op": "<", "value": "5"},
        }
        assert matches[1]["candidates"][0]["target"] is None

    play(scenario, tmp_path, monkeypatch)


def test_a_thousand_long_texts_are_matched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        texts = [f"第{number}条:网站全年不出故障,机房每月巡检一次,投诉少于5%"[:80] for number in range(1_000)]
        answer = await evaluation.send("POST", MATCH, {"texts": texts, "limit": 20})

        assert answer.status_code == 200
        assert len(answer.json()["matches"]) == 1_000

    play(scenario, tmp_path, monkeypatch)


def test_what_cannot_be_asked_is_refused_with_its_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[tuple[Any, str]] = [
        ({}, "texts"),
        ({"texts": []}, "texts"),
        ({"texts": "投诉"}, "texts"),
        ({"texts": ["投"] * 1_001}, "texts"),
        ({"texts": ["投诉", "投" * 201]}, "texts.1"),
        ({"texts": [""]}, "texts.0"),
        ({"texts": ["投诉\x00"]}, "texts.0"),
        ({"texts": [5]}, "texts.0"),
        ({"texts": ["投诉"], "limit": 0}, "limit"),
        ({"texts": ["投诉"], "limit": 21}, "limit"),
        ({"texts": ["投诉"], "limit": "3"}, "limit"),
        ({"texts": ["投诉"], "more": 1}, "more"),
    ]

    async def scenario(evaluation: Evaluation) -> None:
        for body, field in refused:
            answer = await evaluation.send("POST", MATCH, body)
            assert answer.status_code == 422, body
            assert answer.json()["type"] == "/problems/validation"
            assert [error["field"] for error in answer.json()["errors"]] == [field]
        for query in ("dimension=x", "aspect=x", "limit=0", "limit=1001", "cursor=*", f"q={'a' * 201}"):
            answer = await evaluation.send("GET", f"/catalogue?{query}")
            assert answer.status_code == 422, query
        malformed = await evaluation.send("POST", MATCH, b"{")
        assert malformed.status_code == 400

    play(scenario, tmp_path, monkeypatch)


def test_the_catalogue_is_for_those_who_may_read_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(evaluation: Evaluation) -> None:
        for method, path, body in (("GET", "/catalogue", None), ("POST", MATCH, {"texts": ["投诉"]})):
            without = await evaluation.client.request(method, path, json=body)
            agent = await evaluation.send(method, path, body, role="agent")
            viewer = await evaluation.send(method, path, body, role="viewer", projects=["only-mine"])

            assert (without.status_code, agent.status_code, viewer.status_code) == (401, 403, 200)

    play(scenario, tmp_path, monkeypatch)
