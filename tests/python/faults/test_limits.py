"""Faults 4 and 18: what is exchanged for a customer in a day, and what takes an order out of the caps on unpaid ones."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from client.partner_client import Failure

from .amounts import bought, sold
from .frame import HOUR, STRANGER, Person, Ramp

DAILY = 3
"""How many times a customer of level 1 may trade the most of one transaction in a day."""


@pytest.fixture
def day(ramp: Ramp) -> Ramp:
    """A new day, and a market at which coins are euros."""
    ramp.dawn()
    ramp.market("1.00")
    return ramp


def total(amount: str = "1000.00") -> Decimal:
    """The coins of orders that fill the daily limit."""
    return DAILY * bought(amount, "1.00")


@pytest.mark.fault(4)
def test_small_orders_carry_no_large_amounts_past_the_limit(day: Ramp) -> None:
    person = day.spaniard()
    orders = [day.buying(person, "10.00") for _ in range(5)]
    for order in orders:
        day.paying(order, "1000.00")
    for order in orders:
        day.arrives(order, "coins_sent", "on_hold")
    # Two surpluses of 990 fit beside what was ordered; a third would go past 3,000.
    assert day.sent(person) == 2 * bought("10.00", "1.00", "990.00", "1.00") + 3 * bought("10.00", "1.00")


@pytest.mark.fault(4)
def test_small_sales_carry_no_large_amounts_past_the_limit(day: Ramp) -> None:
    person = day.spaniard()
    orders = [day.selling(person, "10") for _ in range(5)]
    for order in orders:
        day.depositing(order, "1000", blocks=0)
    day.blocks(8)
    for order in orders:
        day.arrives(order, "finished", "on_hold", blocks=1, seconds=1)
    assert day.paid(person) == 2 * sold("10", "1.00", "990", "1.00") + 3 * sold("10", "1.00")


@pytest.mark.fault(4)
def test_cancelled_orders_that_are_paid_pass_no_limit(day: Ramp) -> None:
    """Nothing is exchanged for them any more."""
    person = day.spaniard()
    orders = []
    for _ in range(DAILY + 1):
        orders.append(day.buying(person, "1000.00"))
        day.cancel(orders[-1])
    for order in orders:
        day.paying(order, "1000.00")
    day.quiet()
    assert day.sent(person) == 0


@pytest.mark.fault(4)
def test_expired_orders_that_are_paid_pass_no_limit(day: Ramp) -> None:
    person = day.spaniard()
    orders = [day.buying(person, "1000.00") for _ in range(DAILY)]
    day.later(2 * HOUR, "1.00")
    day.quiet()
    orders += [day.buying(person, "1000.00") for _ in range(DAILY)]
    for order in orders:
        day.paying(order, "1000.00")
    day.quiet()
    assert day.sent(person) == total()


@pytest.mark.fault(4)
def test_expired_sales_that_are_paid_pass_no_limit(day: Ramp) -> None:
    person = day.spaniard()
    orders = [day.selling(person, "990") for _ in range(DAILY)]
    day.later(2 * HOUR, "1.00")
    day.quiet()
    orders += [day.selling(person, "990") for _ in range(DAILY)]
    for order in orders:
        day.depositing(order, "990", blocks=0)
    day.blocks(8)
    day.quiet()
    assert day.paid(person) == DAILY * sold("990", "1.00")


@pytest.mark.fault(18)
def test_a_reference_does_not_tell_the_next_one(ramp: Ramp) -> None:
    ramp.market("1.00")
    person = ramp.spaniard()
    # The last digit is a check digit.
    numbers = [int(str(ramp.orders[ramp.buying(person, "10.00")]["answer"]["concept"])[:-1]) for _ in range(4)]
    steps = {abs(after - before) for before, after in zip(numbers, numbers[1:])}
    assert min(steps) > 1_000, f"{numbers}"


@pytest.mark.fault(18)
def test_a_strangers_cent_stops_no_order(ramp: Ramp) -> None:
    ramp.market("1.00")
    person = ramp.spaniard()
    order = ramp.buying(person, "1000.00")
    ramp.paying(order, "0.01", **STRANGER)
    ramp.quiet()
    assert ramp.view(order)["status"] == "started"
    ramp.paying(order, "1000.00")
    ramp.arrives(order, "coins_sent")
    assert ramp.sent(person) == bought("1000.00", "1.00")


@pytest.mark.fault(18)
def test_strangers_cents_use_up_no_limit(day: Ramp) -> None:
    """An order that they stopped would count for ever."""
    person = day.spaniard()
    for order in [day.buying(person, "1000.00") for _ in range(DAILY)]:
        day.paying(order, "0.01", **STRANGER)
    day.quiet()
    day.later(2 * HOUR, "1.00")
    day.quiet()
    order = day.buying(person, "1000.00")
    day.paying(order, "1000.00")
    day.arrives(order, "coins_sent")


@pytest.fixture
def capped(fresh: Callable[..., Ramp]) -> tuple[Ramp, Person]:
    """An installation that takes two unpaid orders of a customer, and a customer of it."""
    ramp = fresh(RAMPART__OPEN_CAPS__CUSTOMER_ORDERS="2")
    ramp.market("1.00")
    return ramp, ramp.spaniard()


@pytest.mark.fault(18)
def test_a_cent_takes_no_order_out_of_the_caps(capped: tuple[Ramp, Person]) -> None:
    ramp, person = capped
    for payer in ({}, STRANGER):
        ramp.paying(ramp.buying(person, "100.00"), "0.01", **payer)
    ramp.quiet()
    with pytest.raises(Failure) as refused:
        ramp.buying(person, "100.00")
    assert refused.value.code == "too_many_open"
