"""Ids that the platform makes."""

import time
import uuid

from shared.identity import new_id


def test_an_id_is_a_uuid_of_version_7_that_tells_its_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    made = [new_id() for _ in range(1_000)]
    after = time.time_ns() // 1_000_000

    read = [uuid.UUID(each) for each in made]
    assert [str(each) for each in read] == made
    assert {(each.version, each.variant) for each in read} == {(7, uuid.RFC_4122)}
    assert all(before <= each.int >> 80 <= after for each in read)


def test_each_of_the_74_other_bits_is_drawn() -> None:
    bits = [uuid.UUID(new_id()).int for _ in range(200)]  # That one of 74 is the same 200 times: 1 in 10⁵⁸.
    drawn = [place for place in range(76) if place not in (62, 63)]
    assert all(len({each >> place & 1 for each in bits}) == 2 for place in drawn)
    assert len(set(bits)) == len(bits)
