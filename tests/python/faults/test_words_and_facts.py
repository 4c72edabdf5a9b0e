"""What a bank shows wins over what a person had said of a payout, and the books follow the bank."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest

from client.partner_client import eventually
from faults.frame import Ramp, wallet

SLOW = "ES0521000418430006660004"
"""The bank takes an hour to pay this account."""
AN_HOUR = 3_700


def apart(ramp: Ramp) -> Decimal:
    """By how much the books' bank account differs from the bank's."""
    with closing(sqlite3.connect(ramp.world, timeout=30)) as connection:
        (minor,) = connection.execute("SELECT balance FROM bank_accounts WHERE rail = 'sepa'").fetchone()
    return ramp.balance("bank:sepa", "EUR") - ramp.balance("in_transit:sepa", "EUR") - Decimal(minor).scaleb(-2)


def call_failed(ramp: Ramp, name: str) -> None:
    """The bank has taken an order's payout, and a person says that it failed."""
    ramp.command("payout", "fail", ramp.await_payout(name, "accepted"))
    ramp.arrives(name, "on_hold")


@pytest.mark.fault(13)
def test_a_sale_that_was_paid_after_all_is_finished(ramp: Ramp) -> None:
    ramp.market("0.90")
    before = apart(ramp)
    name = ramp.selling(ramp.spaniard(), iban=SLOW)
    ramp.depositing(name, "100")
    call_failed(ramp, name)
    ramp.advance(AN_HOUR)
    view = ramp.arrives(name, "finished")
    assert view["bank_reference"] and apart(ramp) == before


@pytest.mark.fault(13)
def test_a_refund_that_was_paid_after_all_is_a_refund(ramp: Ramp) -> None:
    """The bank does not name the source account: the money goes back to the one that the customer gave."""
    ramp.market("0.90")
    before = apart(ramp)
    ramp.fault("screening", "questions")
    name = ramp.buying(ramp.spaniard(), refund_account=SLOW)
    ramp.transfer(name, "200.00", account=None)
    ramp.arrives(name, "payment_received")
    ramp.order("refund", name)
    ramp.mend("screening")
    call_failed(ramp, name)
    ramp.advance(AN_HOUR)
    ramp.arrives(name, "refunded")
    assert apart(ramp) == before


@pytest.mark.fault(13)
@pytest.mark.parametrize("command", ["release", "refund"])
def test_what_left_twice_is_shown_and_booked(ramp: Ramp, command: str) -> None:
    """The order's other way out was taken meanwhile: its money, or its coins, have left a second time."""
    ramp.market("0.90")
    before, lost = apart(ramp), ramp.balance("losses:paid_twice", "EUR")
    name = ramp.selling(ramp.spaniard(), iban=SLOW, refund_wallet=wallet())
    ramp.depositing(name, "100")
    call_failed(ramp, name)
    ramp.order(command, name)
    if command == "release":
        ramp.await_payout(name, "accepted")
    else:
        ramp.arrives(name, "refunded", blocks=6)
    ramp.advance(AN_HOUR)
    # 100 at 0.90, less 0.50, 0.02 and half a percent: what a second payout, or the first beside the coins, has cost us.
    paid = Decimal("89.03")
    eventually(lambda: apart(ramp) - before, lambda difference: difference == 0, seconds=8)
    assert ramp.balance("losses:paid_twice", "EUR") - lost == paid
    (item,) = [item for item in ramp.items() if item["order"] == ramp.orders[name]["id"]]
    assert item["kind"] == "contradiction"
