"""Fault 8: what comes on a customer's own account number without a reference."""

from __future__ import annotations

import pytest

from .frame import DAY, Ramp

IN_PESOS = {"method": "SPEI", "fiat": "MXN"}


@pytest.mark.fault(8)
@pytest.mark.parametrize("days", [0, 365])
def test_money_revives_no_cancelled_order(ramp: Ramp, days: int) -> None:
    """Nor does it go to the wallet of that time."""
    ramp.market("18", fiat="MXN")
    person = ramp.mexicans()
    order = ramp.buying(person, "1000.00", **IN_PESOS)
    ramp.cancel(order)
    ramp.later(days * DAY, "18", fiat="MXN")
    ramp.paying(order, "1000.00")
    ramp.quiet()
    assert ramp.view(order)["status"] == "cancelled"
    assert ramp.sent(person) == 0


@pytest.mark.fault(8)
def test_a_duplicate_is_not_a_part_of_another_order(ramp: Ramp) -> None:
    ramp.market("18", fiat="MXN")
    person = ramp.mexicans()
    done = ramp.buying(person, "1000.00", **IN_PESOS)
    ramp.paying(done, "1000.00")
    ramp.arrives(done, "coins_sent")
    before = ramp.sent(person)
    other = ramp.buying(person, "2000.00", **IN_PESOS)
    ramp.paying(done, "1000.00")
    ramp.quiet()
    assert ramp.sent(person) == before
    ramp.paying(other, "2000.00")
    ramp.arrives(other, "coins_sent")
