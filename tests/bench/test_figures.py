"""What becomes of the figures of a run: kept by path, compared run by run, held to their targets."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.speed.figures import Circumstances, Figure, quantile, ratios, write

AROUND = Circumstances(at="2026-01-01T00:00+00:00", cores=2, load=0.5, versions={"python": "3.11"})


def rows(folder: Path) -> list[tuple[str, list[float]]]:
    lines = folder.joinpath("speed.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["measured"], row["values"]) for row in map(json.loads, lines)]


def test_a_path_measured_again_takes_the_place_of_what_it_gave_before(tmp_path: Path) -> None:
    write("post", [Figure("post", "requests", "a second", (1.0, 2.0))], AROUND, tmp_path)
    write(
        "apply",
        [Figure("apply", "events", "a second", (5.0,)), Figure("limit", "events", "a second", (9.0,))],
        AROUND,
        tmp_path,
    )

    write("post", [Figure("post", "requests", "a second", (3.0,))], AROUND, tmp_path)

    assert rows(tmp_path) == [("apply", [5.0]), ("apply", [9.0]), ("post", [3.0])]


def test_the_table_shows_the_median_with_the_least_and_the_most_and_when_it_was(tmp_path: Path) -> None:
    write("post", [Figure("post", "requests", "a second", (300.0, 100.0, 1200.0), ">= 500")], AROUND, tmp_path)

    page = tmp_path.joinpath("speed.md").read_text(encoding="utf-8")

    assert "| post | requests, a second | 300 | 100 to 1,200 | >= 500 | **missed** |" in page
    assert "3 runs, 2026-01-01T00:00+00:00, 2 cores, load 0.5" in page


@pytest.mark.parametrize(
    ("target", "values", "reached"),
    [
        (">= 0.60", (0.59, 0.6, 0.7), True),
        (">= 0.60", (0.1, 0.59, 0.9), False),
        ("<= 60", (10.0, 60.0, 900.0), True),
        ("<= 60", (61.0,), False),
        ("", (1.0,), None),
    ],
)
def test_a_target_is_held_to_the_median(target: str, values: tuple[float, ...], reached: bool | None) -> None:
    assert Figure("path", "name", "unit", values, target).is_reached is reached


def test_ratios_are_taken_run_by_run() -> None:
    assert ratios([10.0, 5.0], [20.0, 5.0]) == (0.5, 1.0)


def test_runs_that_do_not_match_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


@given(st.lists(st.integers(), min_size=1), st.floats(0.01, 1.0))
def test_a_quantile_is_the_least_value_that_the_share_does_not_exceed(values: list[int], share: float) -> None:
    found = quantile(values, share)

    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)
