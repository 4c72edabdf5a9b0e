"""Rails that take whole pesos: orders, quotes, payouts and what goes back are of whole pesos, and what is left over is in the books."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from audit.frame import post
from faults.frame import Person, Ramp
from upgrade.installation import HOLDER

from .frame import customer, order_body

_one: dict[str, Person] = {}


def colombian(ramp: Ramp) -> Person:
    """Whose orders are tried."""
    return _one.get(ramp.rampart.url) or _one.setdefault(ramp.rampart.url, customer(ramp, "COL", level=2))


def is_whole(amount: str | Decimal) -> bool:
    return Decimal(amount) == Decimal(amount).to_integral_value()


def payouts(ramp: Ramp, name: str) -> list[Decimal]:
    """What was handed to a rail for an order, in pesos."""
    rows = [row for state in ("accepted", "settled") for row in json.loads(ramp.operate("payout", "list", "--json", "--state", state))]
    return [Decimal(row["amount"].split()[0]) for row in rows if row["order"] == ramp.orders[name]["id"]]


def rounding(ramp: Ramp) -> Decimal:
    """What the books say was left over in all, in pesos."""
    rows = json.loads(ramp.operate("ledger", "accounts", "--json"))
    return sum((Decimal(row["posted"]) for row in rows if row["account"] == "fees:rounding" and row["asset"] == "COP"), Decimal(0))


@pytest.mark.entry("whole pesos")
@pytest.mark.parametrize("method", ["PSE", "BREB"])
@pytest.mark.parametrize("amount", ["50000.50", 50_000.01, "50000.99"])
def test_an_order_with_centavos_is_refused_and_names_the_step(ramp: Ramp, method: str, amount: Any) -> None:
    answer = post(ramp.client, "/api/createPayment", **order_body(colombian(ramp), payment_type=method, fiat_symbol="COP", fiat_amount=amount))
    assert answer.status_code == 422, answer.text
    assert re.search(r"\b1(\.00)?\b", answer.json()["message"]) and "COP" in answer.text or "whole" in answer.text, answer.text


@pytest.mark.entry("whole pesos")
@pytest.mark.parametrize("amount", [50_000, "50000", "50000.00", 50_000.0])
def test_an_order_of_whole_pesos_is_taken(ramp: Ramp, amount: Any) -> None:
    for method in ("PSE", "BREB"):
        answer = post(ramp.client, "/api/createPayment", **order_body(colombian(ramp), payment_type=method, fiat_symbol="COP", fiat_amount=amount))
        assert answer.status_code == 200, answer.text


@pytest.mark.entry("whole pesos")
def test_a_quote_can_be_paid_in_both_directions(ramp: Ramp) -> None:
    """What is asked for in coins costs whole pesos, and an order takes the quote."""
    for method in ("PSE", "BREB"):
        asked = {"symbol": "USDC", "payment_type": method, "fiat_symbol": "COP"}
        assert ramp.client.http.get("/api/quote", params={"amount": "50000.50", **asked}).status_code == 422
        for coins in ("10", "13.37", "21.000001"):
            result = ramp.client.quote(amount=coins, amount_in="coin", **asked)
            assert is_whole(result["total_fiat"]), result
            assert Decimal(result["tokens"]) >= Decimal(coins)
            body = order_body(colombian(ramp), payment_type=method, fiat_symbol="COP", fiat_amount=result["total_fiat"], quote_id=result["quote_id"])
            answer = post(ramp.client, "/api/createPayment", **body)
            assert answer.status_code == 200, answer.text


@pytest.mark.entry("whole pesos")
@pytest.mark.parametrize("amount", ["100", "55.5", "77.123456"])
def test_a_sale_is_quoted_and_paid_in_whole_pesos(ramp: Ramp, amount: str) -> None:
    """Rounded down; what is left is booked."""
    result = ramp.client.rampoff_quote(amount=amount, symbol="USDC", fiat_symbol="COP")
    assert is_whole(result["fiat_amount"]), result
    before = rounding(ramp)
    name = ramp.selling(colombian(ramp), amount)
    assert is_whole(ramp.view(name)["fiat_amount"])
    ramp.depositing(name, amount)
    view = ramp.arrives(name, "finished", seconds=1)
    [paid] = payouts(ramp, name)
    assert is_whole(paid) and paid == Decimal(view["fiat_amount"]) == Decimal(view["sent_amount"])
    assert 0 <= rounding(ramp) - before < 1
    assert "fees:rounding" in json.dumps(ramp.shown(name)) or rounding(ramp) == before


@pytest.mark.entry("whole pesos")
def test_what_another_amount_is_worth_is_paid_in_whole_pesos(ramp: Ramp) -> None:
    """Less came than was announced. Several amounts: one of them may be worth whole pesos by chance."""
    names = {ramp.selling(colombian(ramp), "100"): amount for amount in ("61.234567", "47.111111", "83.7")}
    for name, amount in names.items():
        ramp.depositing(name, amount)
    ramp.advance(3_700)
    for name in names:
        ramp.arrives(name, "finished", seconds=30)
    paid = [amount for name in names for amount in payouts(ramp, name)]
    assert len(paid) == len(names) and [amount for amount in paid if not is_whole(amount)] == [], paid


@pytest.mark.entry("whole pesos")
def test_what_goes_back_is_of_whole_pesos(ramp: Ramp) -> None:
    """A bank account given with centavos is paid none: they are booked."""
    person, before = colombian(ramp), rounding(ramp)
    name = ramp.buying(person, "60000", method="BREB", fiat="COP", refund_account=person.account)
    answer = ramp.orders[name]["answer"]
    body = {"account": answer["iban"], "amount": "20000.55", "currency": "COP", "concept": str(answer["concept"])}
    ramp.client.sandbox("bank/transfers", {**body, "sender_name": HOLDER})
    ramp.wait(lambda: ramp.view(name), lambda view: Decimal(view["received_amount"]) > 0)
    ramp.order("refund", name)
    ramp.arrives(name, "refunded", seconds=1)
    [paid] = payouts(ramp, name)
    assert paid == 20_000
    assert rounding(ramp) - before == Decimal("0.55")


@pytest.mark.entry("whole pesos")
def test_other_currencies_keep_their_cents(ramp: Ramp) -> None:
    person = ramp.spaniard()
    assert post(ramp.client, "/api/createPayment", **order_body(person, fiat_amount="20.55")).status_code == 200
    name = ramp.selling(person, "33.333333")
    ramp.depositing(name, "33.333333")
    view = ramp.arrives(name, "finished", seconds=1)
    assert payouts(ramp, name) == [Decimal(view["fiat_amount"])]
