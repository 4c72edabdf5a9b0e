"""Fault 7: what is known to be lost is not sent, and a person can stop what has not left."""

from __future__ import annotations

import pytest

from .frame import Ramp


@pytest.mark.fault(7)
def test_a_chargeback_stops_coins_that_wait(ramp: Ramp) -> None:
    ramp.market("0.90")
    person = ramp.spaniard()
    order = ramp.buying(person, "500.00", method="card")
    ramp.fault("chain")
    ramp.pay(order)
    ramp.await_shown(order, "signed")
    ramp.charge_back(order)
    ramp.wait(lambda: ramp.view(order), lambda view: view["reversal"] == "chargeback")
    ramp.mend("chain")
    ramp.quiet()
    ramp.advance(600)
    ramp.quiet()
    assert ramp.sent(person) == 0


@pytest.mark.fault(7)
def test_an_undone_deposit_stops_money_that_waits(ramp: Ramp) -> None:
    ramp.market("0.88")
    person = ramp.spaniard()
    order = ramp.selling(person, "387")
    ramp.fault("bank")
    undone = ramp.depositing(order, "387")
    ramp.arrives(order, "paying_out", blocks=1)
    ramp.await_payout(order, "queued")
    ramp.client.sandbox("chain/polygon/reorg", {"depth": 20, "drop": [undone]})
    ramp.quiet()
    ramp.mend("bank")
    ramp.quiet()
    ramp.advance(600)
    ramp.quiet()
    assert ramp.paid(person) == 0


@pytest.mark.fault(7)
def test_a_person_stops_coins_that_wait(ramp: Ramp) -> None:
    """By whichever command."""
    ramp.market("0.90")
    person = ramp.spaniard()
    order = ramp.buying(person, "500.00")
    ramp.fault("chain")
    ramp.paying(order, "500.00")
    ramp.await_shown(order, "signed")
    answers = [ramp.tried_order(command, order) for command in ("hold", "recall", "cancel", "refund")]
    ramp.mend("chain")
    ramp.quiet()
    ramp.advance(600)
    ramp.quiet()
    assert ramp.sent(person) == 0, f"{answers}"
