"""Lists as pages: every row once, in order, whatever the limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pages import NUMBER_DIGITS, number, page, position
from shared.problems import Invalid


@given(rows=st.lists(st.integers(1, 10**18 - 1), unique=True, max_size=30).map(sorted), limit=st.integers(1, 10))
def test_following_the_cursors_gives_every_row_once_and_ends(rows: list[int], limit: int) -> None:
    found: list[int] = []
    after = 0
    for _ in range(len(rows) + 1):
        shown = page([row for row in rows if row > after][: limit + 1], limit, lambda row: row, lambda row: row)
        found += shown["items"]
        assert len(shown["items"]) <= limit
        if shown["next"] is None:
            break
        after = number(shown["next"])

    assert found == rows
    assert shown["next"] is None


@given(mark=st.text(min_size=1))
def test_a_cursor_leads_back_to_its_mark(mark: str) -> None:
    shown = page([mark, "more"], 1, lambda row: row, lambda row: row)

    assert position(shown["next"]) == mark


@given(cursor=st.text())
def test_any_text_is_a_cursor_or_refused(cursor: str) -> None:
    try:
        found = number(cursor)
    except Invalid:
        return

    assert 0 <= found < 10**NUMBER_DIGITS


@pytest.mark.parametrize("cursor", ["", "!!!", "a", "LTE", "MS41", "OTk5OTk5OTk5OTk5OTk5OTk5OQ"])
def test_what_no_list_gave_out_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        number(cursor)


def test_without_a_cursor_a_list_begins_at_its_beginning() -> None:
    assert (number(None), position(None)) == (0, None)
