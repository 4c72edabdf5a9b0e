"""Fault 6: what arrives within the tolerance is exchanged as it is, and the tolerance is no gift."""

from __future__ import annotations

import pytest

from .amounts import bought
from .frame import HOUR, Ramp


@pytest.mark.fault(6)
def test_less_money_within_the_tolerance_buys_less(ramp: Ramp) -> None:
    ramp.market("0.90")
    person = ramp.spaniard()
    order = ramp.buying(person, "1000.00")
    ramp.paying(order, "996.00")
    ramp.arrives(order, "coins_sent")
    assert ramp.sent(person) == bought("996.00", "0.90")


@pytest.mark.fault(6)
def test_the_tolerance_of_a_large_order_is_a_few_euros(ramp: Ramp) -> None:
    """The customer may pay the rest until the promise ends; then the coins are those of what came."""
    ramp.market("0.90")
    person = ramp.spaniard(2)
    order = ramp.buying(person, "50000.00")
    ramp.paying(order, "49750.00")
    ramp.quiet()
    ramp.later(3 * HOUR, "0.90")
    ramp.arrives(order, "coins_sent", seconds=60)
    assert ramp.sent(person) == bought("49750.00", "0.90")
