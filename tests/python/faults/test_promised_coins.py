"""Coins that others were promised are theirs, and alarms show the present state."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from client.partner_client import eventually
from faults.frame import Ramp, wallet

HOT, USDC = "chain:polygon:hot", "USDC:polygon"
EACH = Decimal("1108.311111")
"""What 1,000.00 EUR buy at 0.90."""
OTHERS = 4


@pytest.mark.fault(21)
def test_late_money_takes_nothing_that_others_were_promised(fresh: Callable[..., Ramp]) -> None:
    """Somebody's promise has ended, others were promised all but half of his coins, and he pays."""
    own = fresh()
    own.market("0.90")
    late = own.spaniard()
    name = own.buying(late, "1000.00")
    left = OTHERS * EACH + EACH / 2
    own.command("treasury", "withdraw", HOT, USDC, str(own.balance(HOT, USDC) - left.quantize(Decimal("0.000001"))), "--to", wallet())
    eventually(lambda: own.balance(HOT, USDC), lambda balance: balance < 5 * EACH)
    own.blocks(8)
    own.advance(3_700)
    own.market("0.90")
    punctual = [own.spaniard() for _ in range(OTHERS)]
    names = [own.buying(person, "1000.00") for person in punctual]
    own.paying(name, "1000.00")
    own.arrives(name, "on_hold", "coins_sent")
    for each in names:
        own.paying(each, "1000.00")
    for each in names:
        own.arrives(each, "coins_sent", blocks=1, seconds=5)
    assert [own.sent(person) for person in (late, *punctual)] == [0] + [EACH] * OTHERS


@pytest.mark.fault(21)
def test_an_alarm_shows_the_present_state(fresh: Callable[..., Ramp]) -> None:
    """77 that were kept are undone by their chain. Then 50 and 100 come, which lie in suspense."""
    own = fresh()
    own.market("0.90")
    own.blocks(8)
    name = own.selling(own.spaniard())
    txid = own.depositing(name, "77", "USDT")
    (item,) = eventually(lambda: own.items(kind="suspense"), bool)
    own.command("review", "resolve", item["id"], "keep")
    own.client.sandbox("chain/polygon/reorg", {"depth": 10, "drop": [txid]})
    (alarm,) = eventually(lambda: own.items(kind="below_floor", source="suspense"), bool)
    assert alarm["amount"] == "77.000000 USDT:polygon"
    own.depositing(name, "50", "USDT")
    eventually(lambda: own.balance("suspense", "USDT:polygon"), lambda balance: balance == -27)
    (alarm,) = own.items(kind="below_floor", source="suspense")
    assert alarm["amount"] == "27.000000 USDT:polygon"
    own.depositing(name, "100", "USDT")
    eventually(lambda: own.balance("suspense", "USDT:polygon"), lambda balance: balance == 73)
    assert own.items(kind="below_floor", source="suspense") == []
