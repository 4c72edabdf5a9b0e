"""A bank or a chain that could not be read for two hours costs the customer nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from faults.frame import Ramp

TWO_HOURS = 7_200


@pytest.mark.fault(19)
def test_money_of_an_unread_statement_is_in_time(ramp: Ramp) -> None:
    ramp.market("0.90")
    person = ramp.spaniard()
    name = ramp.buying(person, "1000.00")
    promised = Decimal(ramp.orders[name]["created"]["coin_amount_decimal"])
    ramp.fault("bank", "questions")
    ramp.advance(600)
    ramp.paying(name, "1000.00")
    ramp.advance(TWO_HOURS)
    ramp.market("0.95")
    ramp.mend("bank")
    view = ramp.arrives(name, "coins_sent")
    # 1,000.00 less 2.50 and 0.02, at the 0.90 of the promise and not at the 0.95 of the market.
    assert Decimal(view["coin_amount_decimal"]) == promised == Decimal("1108.311111")
    assert (ramp.sent(person), view["exception"]) == (promised, None)


@pytest.mark.fault(19)
def test_coins_of_an_unread_chain_are_in_time(ramp: Ramp) -> None:
    ramp.market("0.90")
    person = ramp.spaniard()
    name = ramp.selling(person, "500")
    ramp.fault("chain", "questions")
    ramp.advance(600)
    ramp.depositing(name, "500")
    ramp.advance(TWO_HOURS)
    ramp.market("0.80")
    ramp.mend("chain")
    view = ramp.arrives(name, "finished", seconds=2)
    # 450.00 less 0.50, 0.02 and half a percent.
    assert (Decimal(view["fiat_amount"]), ramp.paid(person)) == (Decimal("447.23"), Decimal("447.23"))
    assert view["exception"] is None
