"""Amounts too small to exchange, one meaning written in several ways, destinations that are ours, and many open orders."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from client.partner_client import Failure
from faults.frame import Ramp


@pytest.mark.fault(26)
def test_small_change_is_not_exchanged(ramp: Ramp) -> None:
    """0.05 for an order of 100.00: neither at once nor when nothing more came until the end of the promise."""
    ramp.market("0.90")
    person = ramp.spaniard()
    name = ramp.buying(person, "100.00", refund_account=person.account)
    ramp.paying(name, "0.05")
    ramp.quiet()
    ramp.advance(10_000)
    ramp.market("0.90")
    ramp.quiet()
    assert (ramp.sent(person), ramp.view(name)["txid"]) == (0, None)


@pytest.mark.fault(26)
def test_less_than_the_minimum_goes_back(ramp: Ramp) -> None:
    """9.50, where nobody can order less than 10.00."""
    ramp.market("0.90")
    person = ramp.spaniard()
    name = ramp.buying(person, "100.00", refund_account=person.account)
    ramp.paying(name, "9.50")
    ramp.quiet()
    ramp.advance(10_000)
    ramp.market("0.90")
    view = ramp.arrives(name, "refunded", "coins_sent", seconds=2)
    assert (view["status"], ramp.sent(person), ramp.paid(person)) == ("refunded", 0, Decimal("9.50"))


WAYS = ["240", "240.0", "240.00", '"240"', '"240.00"', "2.4e2"]


@pytest.mark.fault(28)
@pytest.mark.parametrize("by", ["idempotency_key", "external_id"])
def test_one_amount_in_any_writing_is_one_request(ramp: Ramp, by: str) -> None:
    ramp.market("0.90")
    person = ramp.spaniard()
    body: dict[str, Any] = {
        "user_id": person.id, "payment_type": "card", "fiat_symbol": "EUR", "coin_symbol": "USDC", "coin_chain": "polygon", "wallet": person.wallet,
    }
    headers = {"idempotency_key": f"writings-{person.id}"} if by == "idempotency_key" else {}
    if by == "external_id":
        body["external_id"] = f"writings-{person.id}"

    def ask(amount: str) -> Any:
        text = json.dumps(body)[:-1] + f', "fiat_amount": {amount}}}'
        return ramp.client.create_payment(text, **headers)["payment_id"]

    assert len({ask(amount) for amount in WAYS}) == 1
    with pytest.raises(Failure):
        ask("240.01")


def our_account(ramp: Ramp) -> str:
    """The account to which customers pay."""
    return str(ramp.orders[ramp.buying(ramp.spaniard())]["answer"]["iban"])


@pytest.mark.fault(31)
def test_a_payout_does_not_go_to_an_account_of_ours(ramp: Ramp) -> None:
    ramp.market("0.90")
    with pytest.raises(Failure) as refused:
        ramp.selling(ramp.spaniard(), iban=our_account(ramp))
    assert refused.value.code == "invalid_bank_account"


@pytest.mark.fault(31)
def test_a_refund_does_not_go_to_an_account_of_ours(ramp: Ramp) -> None:
    ramp.market("0.90")
    with pytest.raises(Failure) as refused:
        ramp.buying(ramp.spaniard(), refund_account=our_account(ramp))
    assert refused.value.code == "invalid_bank_account"


@pytest.mark.fault(32)
def test_the_oldest_of_many_open_orders_is_found(ramp: Ramp) -> None:
    """A customer with an account number of his own may have more than a hundred: each finds the money that is exactly its own."""
    ramp.market("18", fiat="MXN")
    person = ramp.mexicans()
    names = [ramp.buying(person, f"{100 + number}.00", method="SPEI", fiat="MXN") for number in range(102)]
    for name in (names[0], names[-1]):
        ramp.paying(name, ramp.orders[name]["body"]["fiat_amount"])
    for name in (names[0], names[-1]):
        view = ramp.arrives(name, "coins_sent")
        assert view["received_amount"] == ramp.orders[name]["body"]["fiat_amount"]
    assert not [name for name in names[1:-1] if Decimal(ramp.view(name)["received_amount"] or 0)]
