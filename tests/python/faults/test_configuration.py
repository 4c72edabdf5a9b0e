"""Faults 11 and 12: what orders under way need does not vanish with a line of the configuration, and one of them stops no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from client.partner_client import eventually

from .frame import Ramp

COIN = {
    f"RAMPART__COINS__DAI__POLYGON__{key}": value
    for key, value in {
        "DECIMALS": "6", "CONTRACT": "0x8f3Cf7ad23Cd3CaDbD9735AFf958023239c6A063", "MINIMUM": "1", "MAXIMUM": "1000000", "CONFIRMATIONS": "5",
        "BUY": "true", "SELL": "true", "DEFAULT_CHAIN": "true",
    }.items()
}


@pytest.mark.fault(11)
def test_a_coin_under_way_stops_nothing_else_and_is_not_forgotten(fresh: Callable[..., Ramp]) -> None:
    """A start without it may be refused. What is served goes on: those who have nothing to do with it, and its own orders once it is back."""
    ramp = fresh(**COIN)
    ramp.market("1.00", "DAI")
    ramp.market("1.00")
    person, neighbour = ramp.spaniard(), ramp.spaniard()
    sale, purchase = ramp.selling(person, "100", "DAI.polygon"), ramp.buying(person, "100.00", "DAI.polygon")
    ramp.depositing(sale, "100", "DAI", blocks=1)
    ramp.arrives(sale, "confirming")
    ramp.fault("screening", "questions")
    ramp.paying(purchase, "100.00")
    ramp.arrives(purchase, "payment_received")
    ramp.stop()
    try:
        # It is known early what stands still.
        ramp.start(RAMPART__WORKERS__STUCK_AFTER_SECONDS="3")
    except RuntimeError:
        assert "coins.DAI.polygon" in ramp.log()
        ramp.start(**COIN)
    ramp.mend("screening")
    ramp.advance(60)
    ramp.blocks(8)
    ramp.quiet()
    other = ramp.buying(neighbour, "100.00")
    ramp.paying(other, "100.00")

    def look() -> tuple[str, ...]:
        ready, _ = ramp.ready()
        return (f"{ready}", *(ramp.view(order)["status"] for order in (other, purchase, sale)))

    eventually(look, lambda seen: seen == ("200", "coins_sent", "coins_sent", "finished"), seconds=8)


@pytest.mark.fault(12)
def test_a_method_that_is_switched_off_keeps_its_processor(fresh: Callable[..., Ramp]) -> None:
    """What is charged back is heard of, and what has to go back goes back through it."""
    ramp = fresh()
    ramp.market("1.00")
    person = ramp.spaniard()
    sent, held = ramp.buying(person, "100.00", method="card"), ramp.buying(person, "200.00", method="card")
    ramp.pay(sent)
    ramp.arrives(sent, "coins_sent")
    ramp.fault("screening", "questions")
    ramp.pay(held)
    ramp.arrives(held, "payment_received")
    ramp.order("hold", held)
    ramp.stop()
    ramp.start(RAMPART__METHODS__ESP__CARD__ENABLED="false")
    ramp.mend("screening")
    ramp.charge_back(sent)
    code, text = ramp.tried_order("refund", held)
    assert code == 0, text
    ramp.quiet()
    ramp.advance(60)
    ramp.quiet()
    shown = ramp.view(sent)["reversal"], ramp.view(held)["status"], f"{ramp.given_back(held)}"
    assert shown == ("chargeback", "refunded", "200.00")
