"""Spans of time against a plain model of them: the set of minutes they cover."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from services.evaluation.rules.period import Span, clip, hours, seconds, union, without

START = datetime(2018, 1, 1, tzinfo=UTC)
minutes = st.integers(0, 40)
spans = st.lists(st.tuples(minutes, minutes), max_size=8)


def of(pairs: list[tuple[int, int]]) -> list[Span]:
    return [(START + timedelta(minutes=a), START + timedelta(minutes=b)) for a, b in pairs]


def covered(pairs: list[tuple[int, int]]) -> set[int]:
    return {minute for a, b in pairs for minute in range(a, b)}


def back(found: list[Span]) -> list[tuple[int, int]]:
    return [((a - START) // timedelta(minutes=1), (b - START) // timedelta(minutes=1)) for a, b in found]


@given(pairs=spans)
def test_a_union_covers_the_same_minutes_in_order_and_apart(pairs: list[tuple[int, int]]) -> None:
    found = back(union(of(pairs)))

    assert covered(found) == covered(pairs)
    assert all(before[1] < after[0] for before, after in pairwise(found))


@given(pairs=spans, excused=spans)
@example(pairs=[(1, 5)], excused=[(2, 3), (7, 9)])
def test_what_is_left_is_what_is_not_excused(pairs: list[tuple[int, int]], excused: list[tuple[int, int]]) -> None:
    found = back(without(of(pairs), union(of(excused))))

    assert covered(found) == covered(pairs) - covered(excused)
    assert all(a < b for a, b in found)


def test_what_is_empty_or_begins_later_excuses_nothing() -> None:
    excused = union(of([(2, 2), (3, 4), (7, 9)]))

    assert back(without(of([(1, 5)]), excused)) == [(1, 3), (4, 5)]


@given(pairs=spans, edges=st.tuples(minutes, minutes))
def test_clipping_keeps_what_lies_inside(pairs: list[tuple[int, int]], edges: tuple[int, int]) -> None:
    start, end = (START + timedelta(minutes=edge) for edge in edges)

    assert covered(back(clip(of(pairs), start, end))) == covered(pairs) & covered([edges])


@given(pairs=spans)
def test_lengths_are_exact(pairs: list[tuple[int, int]]) -> None:
    assert seconds(union(of(pairs))) == 60 * len(covered(pairs))


def test_hours_are_exact_to_the_microsecond_and_never_negative() -> None:
    later = START + timedelta(hours=1, microseconds=1)

    assert hours(START, later) == 1 + Fraction(1, 3_600_000_000)
    assert hours(later, START) == 0
