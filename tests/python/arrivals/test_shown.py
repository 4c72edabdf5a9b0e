"""The checks of what is shown find what they are for."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from .binary import BinaryOrder, LaneState, ReportedArrival
from .shown import Books, Shown
from .stage import at

HELD_UNTIL = at("11:00")


def books(market: str = "0.95") -> Books:
    """Books of a world with one market: 0.90 when it was ordered, `market` since 10:30."""
    made = Books.__new__(Books)
    prices = (("10:00", Decimal("0.90")), ("10:30", Decimal(market)))
    made.prices = [(at(moment), {("USDC.polygon", "EUR"): (price, price)}) for moment, price in prices]
    made.world = SimpleNamespace()  # type: ignore[assignment]
    return made


def purchase(got: str, given: str = "997.50", at_time: str = "10:31", **view: Any) -> Shown:
    """An order of 1,000.00 EUR at 0.90."""
    shown = {
        "status": "coins_sent", "reversal": None, "expires_at": "2026-03-02T11:00:00Z", "accepted_amount": "1000.00", "set_aside_amount": "0.00",
        "refunded_amount": "0.00", **view,
    }
    order = BinaryOrder("id", True, at("10:00"), HELD_UNTIL, {})
    return Shown(
        "o", order, shown, {"balance": "0.00 EUR"}, "EUR", "USDC.polygon", Decimal(1000), "transfer", Decimal(5), Decimal(given), Decimal(got),
        at(at_time), Decimal("0.90"),
    )


def lane(amount: str = "1000.00", reported: str = "10:20") -> LaneState:
    made = LaneState(owners={"o": "c"})
    made.reported.append(ReportedArrival(("o",), Decimal(amount), "EUR", at(reported), True))
    return made


@pytest.mark.parametrize(("got", "reported", "holds"), [
    ("1108.333333", "10:20", True),
    ("1108.333336", "10:20", False),
    ("1050.000000", "11:00", True),
    ("1050.000002", "11:00", False),
])
def test_no_profit_at_the_promise_or_after_it(got: str, reported: str, holds: bool) -> None:
    assert (books()._no_profit(lane(reported=reported), purchase(got)) == []) is holds


def test_no_profit_beyond_ordered_and_tolerance() -> None:
    given = "1500.00"
    most = Decimal("1005") / Decimal("0.90") + Decimal("495") / Decimal("0.95")
    assert books()._no_profit(lane(given), purchase(f"{most:.6f}", given)) == []
    assert books()._no_profit(lane(given), purchase("1666.666666", given))


def test_no_promise_after_it_is_honoured() -> None:
    late = purchase("1108.333333")
    late.exchanged_at = HELD_UNTIL + 86_401 * 1_000_000
    assert books()._no_profit(lane(), late)


@pytest.mark.parametrize(("view", "holds"), [
    ({}, True),
    ({"set_aside_amount": "0.01"}, False),
    ({"accepted_amount": "999.99"}, False),
    ({"accepted_amount": "0.00", "refunded_amount": "1000.00", "status": "refunded"}, True),
])
def test_what_came_is_accounted_for(view: dict[str, str], holds: bool) -> None:
    assert (books()._conserved(lane(), purchase("1", **view)) == []) is holds


def test_a_customer_of_level_1_passes_no_limit() -> None:
    state = lane()
    state.people["c"] = SimpleNamespace()  # type: ignore[assignment]
    orders = [purchase("1108.333333") for _ in range(4)]
    assert [what for _, what, _, _ in books()._limits(state, orders)] == ["limit of day 2026-03-02"]
    assert books()._limits(state, orders[:3]) == []
    assert books()._limits(state, [purchase("1", accepted_amount="1005.01")])
    state.let_go.add("o")
    assert books()._limits(state, orders) == []
