"""Faults 10 and 16: a person at the command line lets a late order go, and takes out only what is the company's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .amounts import bought, sold
from .frame import DAY, HOUR, STRANGER, Ramp


@pytest.mark.fault(10)
def test_late_orders_are_released_at_the_market(ramp: Ramp) -> None:
    """Beyond what the customer may trade at once, a late amount waits for a person, who may let it go."""
    ramp.market("0.80")
    person = ramp.spaniard()
    bought_late, sold_late = ramp.buying(person, "500.00"), ramp.selling(person, "500")
    ramp.later(2 * HOUR, "1.00")
    ramp.quiet()
    ramp.paying(bought_late, "1200.00")
    ramp.depositing(sold_late, "1300")
    answers = {}
    for order in (bought_late, sold_late):
        ramp.arrives(order, "on_hold", blocks=1)
        answers[order] = ramp.let_go(order)
    assert [code for code, _ in answers.values()] == [0, 0], f"{answers}"
    ramp.arrives(bought_late, "coins_sent")
    ramp.arrives(sold_late, "finished", blocks=1, seconds=1)
    assert ramp.sent(person) == bought("0", "1", "1200.00", "1.00")
    assert ramp.paid(person) == sold("0", "1", "1300", "1.00")


@pytest.mark.fault(10)
def test_what_is_below_its_fees_is_not_reported_to_lack_a_price(ramp: Ramp) -> None:
    """The network fee of this chain is 1.29."""
    ramp.market("0.80")
    order = ramp.buying(ramp.spaniard(), "100.00", "USDC.ethereum")
    ramp.paying(order, "1.20")
    ramp.quiet()
    code, text = ramp.tried_order("release", order)
    assert code != 0 and "price" not in text


@pytest.mark.fault(10)
def test_an_order_of_a_method_that_was_switched_off_is_released(fresh: Callable[..., Ramp]) -> None:
    # Prices stay fresh: it is not one of them that it waits for.
    ramp = fresh(RAMPART__PRICING__STALE_AFTER_SECONDS=f"{DAY}")
    ramp.await_fresh()
    person = ramp.spaniard()
    order = ramp.buying(person, "500.00")
    ramp.advance(2 * HOUR)
    ramp.quiet()
    ramp.paying(order, "1200.00")
    ramp.arrives(order, "on_hold")
    ramp.stop()
    ramp.start(RAMPART__METHODS__ESP__TRANSFER__ENABLED="false", **ramp.settings)
    code, text = ramp.let_go(order)
    assert code == 0, text
    ramp.arrives(order, "coins_sent")


@pytest.mark.fault(16)
def test_money_that_customers_are_owed_is_not_taken_out(fresh: Callable[..., Ramp]) -> None:
    """Neither what nobody has a destination for, nor what waits for a person; all the rest is the company's."""
    ramp = fresh()
    ramp.market("0.80")
    person = ramp.spaniard(2)
    ramp.paying(ramp.buying(person, "50000.00"), "150000.00", **STRANGER, with_reference=False)
    ramp.quiet()
    held = ramp.balance("bank:sepa", "EUR")
    answers = {taken: ramp.tried("treasury", "withdraw", "bank:sepa", "EUR", f"{taken}", "--reason", "played") for taken in (held, held - 150_000)}
    assert [code != 0 for code, _ in answers.values()] == [True, False], f"{answers}"
    assert ramp.balance("bank:sepa", "EUR") == 150_000


@pytest.mark.fault(16)
def test_coins_that_customers_are_owed_are_not_taken_out(fresh: Callable[..., Ramp]) -> None:
    ramp = fresh()
    ramp.market("0.80")
    person = ramp.spaniard()
    order = ramp.selling(person, "500")
    ramp.fault("screening", "questions")
    ramp.depositing(order, "500")
    ramp.arrives(order, "crypto_received")
    ramp.order("hold", order)
    ramp.operate("treasury", "sweep", "polygon", "--reason", "played")
    hot = ramp.wait(lambda: (ramp.blocks(1), ramp.balance("chain:polygon:hot", "USDC:polygon"))[1], lambda hot: hot % 1000 != 0)
    answers = {}
    for taken in (hot, hot - 500):
        command = ("treasury", "withdraw", "chain:polygon:hot", "USDC:polygon", f"{taken}", "--to", person.wallet)
        answers[taken] = ramp.tried(*command, "--reason", "played")
    assert [code != 0 for code, _ in answers.values()] == [True, False], f"{answers}"
