"""Faults 1, 2, 3, 5 and 9: a price holds for what was ordered, inside its time, and for nothing else.

The market is moved between the promise and the money, so that the coins show at which price they were counted.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .amounts import bought, sold
from .frame import DAY, HOUR, STRANGER, Ramp

MARKET = {"ETH": ("2000", "4000"), "USDC": ("0.80", "1.00")}
DAYS = pytest.mark.parametrize("days", [5, 30])
"""An order by transfer or to sell is open for seven."""


@pytest.mark.fault(1)
@DAYS
def test_a_cent_keeps_no_price(ramp: Ramp, days: int) -> None:
    ramp.market("2000", "ETH")
    person = ramp.spaniard()
    order = ramp.buying(person, "1000.00", "ETH.polygon")
    ramp.paying(order, "0.01")
    ramp.quiet()
    ramp.later(days * DAY, "4000", "ETH")
    ramp.paying(order, "999.99")
    ramp.quiet()
    assert ramp.sent(person, "ETH") == (bought("0", "1", "999.99", "4000", decimals=18) if days < 7 else 0)


@pytest.mark.fault(1)
@DAYS
def test_a_grain_keeps_no_price(ramp: Ramp, days: int) -> None:
    ramp.market("4000", "ETH")
    person = ramp.spaniard()
    order = ramp.selling(person, "0.2", "ETH.polygon")
    ramp.depositing(order, "0.000000000000000001", "ETH")
    ramp.quiet()
    ramp.later(days * DAY, "2000", "ETH")
    ramp.depositing(order, "0.199999999999999999", "ETH")
    ramp.quiet()
    assert ramp.paid(person) == (sold("0", "1", "0.199999999999999999", "2000") if days < 7 else 0)


@pytest.mark.fault(1)
@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_a_cent_for_an_ended_order_keeps_no_price(ramp: Ramp, end: str) -> None:
    """Terminal is terminal; an order whose price has ended goes at the market."""
    ramp.market("2000", "ETH")
    person = ramp.spaniard()
    order = ramp.buying(person, "1000.00", "ETH.polygon")
    if end == "cancelled":
        ramp.cancel(order)
    else:
        ramp.advance(2 * HOUR)
    ramp.quiet()
    ramp.paying(order, "0.01")
    ramp.quiet()
    ramp.later(DAY, "4000", "ETH")
    ramp.paying(order, "999.99")
    ramp.quiet()
    assert ramp.sent(person, "ETH") == (bought("0", "1", "999.99", "4000", decimals=18) if end == "expired" else 0)


@pytest.mark.fault(1)
def test_coins_that_the_chain_took_back_keep_no_price(ramp: Ramp) -> None:
    ramp.market("4000", "ETH")
    person = ramp.spaniard()
    order = ramp.selling(person, "0.2", "ETH.polygon")
    # The order has its coins, and goes no further.
    ramp.fault("screening", "questions")
    undone = ramp.depositing(order, "0.2", "ETH")
    ramp.arrives(order, "crypto_received")
    ramp.client.sandbox("chain/polygon/reorg", {"depth": 9, "drop": [undone]})
    ramp.received(order, "0")
    ramp.mend("screening")
    ramp.later(5 * DAY, "2000", "ETH")
    ramp.depositing(order, "0.2", "ETH", blocks=12)
    ramp.quiet()
    # What becomes of it then is a person's decision.
    assert ramp.paid(person) in (0, sold("0", "1", "0.2", "2000"))


@pytest.mark.fault(2)
def test_a_grain_of_another_token_brings_no_price_back(ramp: Ramp) -> None:
    ramp.market("0.88")
    person = ramp.spaniard()
    order = ramp.selling(person, "500")
    ramp.later(2 * HOUR, "0.80")
    ramp.quiet()
    ramp.depositing(order, "0.000001", "USDT", blocks=2)
    ramp.depositing(order, "500", blocks=1)
    ramp.arrives(order, "confirming")
    # The grain is final first.
    ramp.blocks(3)
    ramp.quiet()
    ramp.blocks(8)
    ramp.arrives(order, "finished", blocks=1, seconds=1)
    assert ramp.paid(person) == sold("0", "1", "500", "0.80")


@pytest.mark.fault(2)
@pytest.mark.fault(9)
def test_a_cent_more_brings_no_price_back(ramp: Ramp) -> None:
    """Late money waits for a price; a cent that comes meanwhile must not be what the order is judged by."""
    ramp.market("0.80")
    person = ramp.spaniard()
    order = ramp.buying(person, "1000.00")
    ramp.advance(2 * HOUR)
    ramp.client.sandbox("prices", {"silence": True})
    ramp.advance(300)
    ramp.paying(order, "1000.00")
    ramp.arrives(order, "on_hold")
    ramp.paying(order, "0.01")
    ramp.quiet()
    ramp.client.sandbox("prices", {"silence": False})
    ramp.later(300, "1.00")
    # A price is all that it waited for: it may have gone on by itself.
    ramp.let_go(order)
    ramp.arrives(order, "coins_sent", seconds=5)
    assert ramp.sent(person) == bought("0", "1", "1000.00", "1.00")


@pytest.mark.fault(9)
def test_a_late_order_that_a_stranger_paid_has_no_price(ramp: Ramp) -> None:
    ramp.market("0.80")
    person = ramp.spaniard()
    order = ramp.buying(person, "1000.00")
    ramp.later(2 * HOUR, "1.00")
    ramp.paying(order, "1000.00", **STRANGER)
    ramp.quiet()
    ramp.let_go(order)
    ramp.quiet()
    assert ramp.sent(person) == 0
    [item] = ramp.items(kind="suspense", order=ramp.orders[order]["id"])
    assert ramp.insist("review", "resolve", item["id"], "assign", ramp.orders[order]["id"])[0] == 0
    ramp.arrives(order, "coins_sent")
    assert ramp.sent(person) == bought("0", "1", "1000.00", "1.00")


@pytest.mark.fault(3)
def test_a_small_order_prices_no_large_amount(ramp: Ramp) -> None:
    ramp.market("2000", "ETH")
    person = ramp.spaniard(2)
    order = ramp.buying(person, "10.00", "ETH.polygon")
    ramp.market("3000", "ETH")
    ramp.paying(order, "50000.00")
    ramp.arrives(order, "coins_sent")
    assert ramp.sent(person, "ETH") == bought("10.00", "2000", "49990.00", "3000", decimals=18)


@pytest.mark.fault(3)
def test_a_small_sale_prices_no_large_amount(ramp: Ramp) -> None:
    ramp.market("0.90")
    person = ramp.spaniard(2)
    order = ramp.selling(person, "10")
    ramp.market("0.60")
    ramp.depositing(order, "5000")
    ramp.arrives(order, "finished", blocks=1, seconds=1)
    assert ramp.paid(person) == sold("10", "0.90", "4990", "0.60")


@pytest.mark.fault(3)
def test_a_late_amount_stays_below_the_most_of_its_coin(ramp: Ramp) -> None:
    """The coins of 50,000 have become more than one order may have."""
    ramp.market("6000", "BTC")
    person = ramp.spaniard(2)
    order = ramp.buying(person, "50000.00", "BTC.ethereum")
    ramp.later(2 * HOUR, "3000", "BTC")
    ramp.paying(order, "50000.00")
    assert ramp.arrives(order, "on_hold", "coins_sent")["status"] == "on_hold"
    assert ramp.sent(person, "BTC") == 0


@pytest.mark.fault(3)
def test_a_late_exact_payment_asks_the_limits(ramp: Ramp) -> None:
    ramp.dawn()
    ramp.market("1.00")
    person = ramp.spaniard()
    late = ramp.buying(person, "1000.00")
    ramp.later(2 * HOUR, "1.00")
    ramp.quiet()
    for _ in range(3):
        ramp.buying(person, "1000.00")
    ramp.paying(late, "1000.00")
    assert ramp.arrives(late, "on_hold", "coins_sent")["status"] == "on_hold"
    assert ramp.sent(person) == 0


@pytest.mark.fault(5)
def test_coins_behind_the_promise_have_no_price(fresh: Callable[..., Ramp]) -> None:
    """Workers that nobody wakes look every few minutes here: nothing has notified the order that its time is over."""
    ramp = fresh(RAMPART__WORKERS__INTERVAL_MILLISECONDS="300000")
    ramp.market("0.90")
    person = ramp.spaniard()
    order = ramp.selling(person, "500")
    ramp.later(2 * HOUR, "0.60")
    ramp.depositing(order, "500")
    ramp.arrives(order, "finished", seconds=1)
    assert ramp.paid(person) == sold("0", "1", "500", "0.60")
