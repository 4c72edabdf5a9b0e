"""The events of an order: the amount that was decided, and each kind of event once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from faults.frame import Ramp

REFUSED_WALLET = "0x6660003666000366600036660003666000366600"
REFUSED_ACCOUNT = "ES1621000418410006660001"


def events(ramp: Ramp, name: str) -> list[dict[str, Any]]:
    """The events of an order, oldest first."""
    return [event for event in ramp.client.events() if event["data"].get("id") == ramp.orders[name]["id"]]


@pytest.mark.fault(23)
def test_coins_that_were_refused_are_still_what_was_decided(ramp: Ramp) -> None:
    """290.00 came for 200.00: 199.48 at the promise and 89.77 at the market, which is the same."""
    ramp.market("0.90")
    name = ramp.buying(ramp.spaniard(), wallet=REFUSED_WALLET)
    ramp.paying(name, "290.00")
    decided = Decimal("321.388888")
    view = ramp.arrives(name, "on_hold")
    assert [Decimal(event["data"]["coin_amount_decimal"]) for event in events(ramp, name) if event["type"] == "PAY_IN"] == [decided]
    assert Decimal(view["coin_amount_decimal"]) == decided


@pytest.mark.fault(23)
def test_money_that_was_refused_is_still_what_was_decided(ramp: Ramp) -> None:
    """130 came for 100: 89.03 for those, and 26.86 for the rest at the market price, which is the same."""
    ramp.market("0.90")
    name = ramp.selling(ramp.spaniard(), iban=REFUSED_ACCOUNT)
    ramp.depositing(name, "130")
    view = ramp.arrives(name, "on_hold")
    assert Decimal(view["fiat_amount"]) == Decimal("115.89")


@pytest.mark.fault(27)
def test_pay_in_is_reported_once(ramp: Ramp) -> None:
    """However often an operator holds the order and lets it go."""
    ramp.market("0.90")
    name = ramp.buying(ramp.spaniard())
    ramp.fault("screening", "questions")
    ramp.paying(name, "200.00")
    for _ in range(2):
        ramp.arrives(name, "payment_received")
        ramp.order("hold", name)
        ramp.order("release", name)
    ramp.mend("screening")
    ramp.arrives(name, "coins_sent", seconds=10)
    types = [event["type"] for event in events(ramp, name)]
    assert (types.count("PAY_IN"), types.count("COINS_SENT"), types[0]) == (1, 1, "PAY_IN"), types


@pytest.mark.fault(27)
def test_crypto_received_is_reported_once(ramp: Ramp) -> None:
    ramp.market("0.90")
    name = ramp.selling(ramp.spaniard())
    ramp.fault("screening", "questions")
    ramp.depositing(name, "100")
    for _ in range(2):
        ramp.arrives(name, "crypto_received")
        ramp.order("hold", name)
        ramp.order("release", name)
    ramp.mend("screening")
    ramp.arrives(name, "finished", seconds=10)
    types = [event["type"] for event in events(ramp, name)]
    assert (types.count("CRYPTO_RECEIVED"), sum(kind.endswith("RAMPOFF_FINISHED") for kind in types)) == (1, 1), types
