"""What the runner makes of differences."""

from __future__ import annotations

import pytest

from .compare import Difference, about, shrink
from .operations import Blocks, Buy, Clock, Operation, Register, Transfer

PROGRAM: list[Operation] = [
    Register("c", "ESP", 1), Register("d", "ESP", 1), Buy("o", "c", "ESP.transfer", "100", "USDC.polygon"), Blocks("polygon", 1),
    Buy("p", "d", "ESP.transfer", "100", "USDC.polygon"), Transfer("r", "p", "100.00", ("p",)), Clock(10), Transfer("s", "o", "100.00", ("o",)),
]


@pytest.mark.parametrize(("mine", "theirs", "rows", "underway"), [
    ("refunded", "refund_pending", ["status", "refunded"], True),
    ("finished", "paying_out", ["status", "sent"], True),
    ("refund_pending", "refunded", ["status"], False),
    ("refunded", "on_hold", ["status"], False),
    ("refunded", "refund_pending", ["status", "decided"], False),
    ("coins_sent", "coins_sent", ["refunded", "set_aside"], True),
])
def test_what_is_underway(mine: str, theirs: str, rows: list[str], underway: bool) -> None:
    difference = Difference(1, 1, "o", [(name, 2, 1) for name in rows], {"status": mine}, {"status": theirs})
    assert difference.is_underway() is underway


def test_what_is_about_a_customer() -> None:
    assert [each for each in PROGRAM if about("o", PROGRAM)(each)] == [PROGRAM[place] for place in (0, 2, 3, 6, 7)]


def test_shrinking_leaves_the_others_out_first() -> None:
    tried: list[list[Operation]] = []

    def fails(program: list[Operation]) -> Difference | None:
        tried.append(program)
        return Difference(1, 1, "o", []) if {PROGRAM[0], PROGRAM[2], PROGRAM[7]} <= set(program) else None

    smallest, found = shrink(PROGRAM, fails, 10)
    assert found is not None and smallest == [PROGRAM[0], PROGRAM[2], PROGRAM[7]]
    assert tried[1] == [PROGRAM[place] for place in (0, 2, 3, 6, 7)]
