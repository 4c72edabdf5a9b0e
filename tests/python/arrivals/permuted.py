"""The order of arrival changes nothing: the same facts are reported in different orders for customers who are otherwise alike.

All facts of a play are stored before one is applied: what comes by a bank that cannot be read meanwhile is read at once, and coins
in several blocks become final with the same one. Then every customer must end with the same amounts.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from .binary import LaneState, World
from .compare import Difference
from .operations import Buy, Deposit, Outage, Register, Sell, Transfer
from .players import CAPS, MARKETS, text
from .timing import SECOND

COPIES = 4
KINDS = ("ESP.transfer", "MEX.SPEI", "sell")
COMPARED_FIELDS = ("status", "received_amount", "accepted_amount", "set_aside_amount", "refunded_amount", "sent_amount", "hold_reason")
DECIDED = {"sell": "fiat_amount"}


def play(world: World, seed: int) -> list[Difference]:
    """One play; where customers end differently."""
    source = random.Random(f"permuted {seed}")
    kind = KINDS[seed % len(KINDS)]
    world.reset()
    for (coin, fiat), price in MARKETS.items():
        world.price(coin, fiat, price)
    world.blocks("polygon", 1)
    for market in MARKETS:
        world.market(*market)
    lane = LaneState()
    world.lanes.append(lane)
    ordered = source.choice((("100", "480") if kind != "MEX.SPEI" else ("500", "2000")))
    for copy in range(COPIES):
        world.register(lane, Register(f"c{copy}", "MEX" if kind == "MEX.SPEI" else "ESP", 2))
    world.quiet()
    for copy in range(COPIES):
        for place in range(2 if kind == "MEX.SPEI" else 1):
            _order(world, lane, kind, f"o{copy}.{place}", f"c{copy}", str(int(ordered) + place * 100))
    # Around the end of the promise, well before it, and behind it.
    elapsed = source.choice((900, 3700, 7300))
    facts = _facts(source, kind, Decimal(ordered), elapsed)
    world.quiet()
    if kind == "sell":
        _in_blocks(world, lane, facts)
        plays = [f"{kind}, an order of {ordered}: {facts}"] * COPIES
        return _compared(world, lane, kind, seed, plays)
    world.outage(Outage("bank", True))
    world.clock(elapsed)
    orders = [list(range(len(facts)))]
    while len(orders) < COPIES:
        orders.append(source.sample(orders[0], len(facts)))
    for copy, order in enumerate(orders):
        for place in order:
            amount, seconds = facts[place]
            _record_arrival(world, lane, kind, f"o{copy}.0", f"r{copy}.{place}", amount, lane.orders[f"o{copy}.0"].created + seconds * SECOND)
    world.outage(Outage("bank", False))
    world.quiet()
    plays = [f"{kind}, {elapsed} seconds after an order of {ordered}: {facts} reported as {order}" for order in orders]
    return _compared(world, lane, kind, seed, plays)


def _in_blocks(world: World, lane: LaneState, facts: list[tuple[str, int]]) -> None:
    """Each amount in a block of its own, all final together."""
    passed = 0
    for place, (amount, seconds) in enumerate(sorted(facts, key=lambda fact: fact[1])):
        world.clock(seconds - passed)
        passed = seconds
        for copy in range(COPIES):
            reported = world.deposit(lane, Deposit(f"r{copy}.{place}", f"o{copy}.0", amount, "USDC.polygon"))
            assert reported is None, reported
        world.blocks("polygon", 1)
        world.quiet()
    world.blocks("polygon", 6)
    world.quiet()


def _order(world: World, lane: LaneState, kind: str, name: str, customer: str, amount: str) -> None:
    made = (
        world.sell(lane, Sell(name, customer, amount, "USDC.polygon", True)) if kind == "sell"
        else world.buy(lane, Buy(name, customer, kind, amount, "USDC.polygon", True))
    )
    assert made is None, made


def _facts(source: random.Random, kind: str, ordered: Decimal, elapsed: int) -> list[tuple[str, int]]:
    """Amounts, and how many seconds after the order each came: no two at the same moment."""
    cap = CAPS["MXN" if kind == "MEX.SPEI" else "EUR"]
    amounts = [ordered, ordered / 2, ordered / 2, ordered / 4, ordered * 2, cap / 5, cap / 10, ordered + min(ordered / 200, cap)]
    return [(text(source.choice(amounts)), seconds) for seconds in source.sample(range(1, elapsed), source.choice((2, 3, 3)))]


def _record_arrival(world: World, lane: LaneState, kind: str, order: str, key: str, amount: str, at: int) -> None:
    reported = world.transfer(lane, Transfer(key, order, amount, () if kind == "MEX.SPEI" else (order,)), at)
    assert reported is None, reported


def _compared(world: World, lane: LaneState, kind: str, seed: int, plays: list[str]) -> list[Difference]:
    found = []
    for place in range(2 if kind == "MEX.SPEI" else 1):
        shown = [_shown(world, lane, kind, f"o{copy}.{place}") for copy in range(COPIES)]
        for copy in range(1, COPIES):
            rows = [(name, shown[0][name], shown[copy][name]) for name in shown[0] if shown[0][name] != shown[copy][name]]
            if rows:
                found.append(Difference(seed, -1, f"{plays[0]} and {plays[copy]}", rows))
                break
    return found


def _shown(world: World, lane: LaneState, kind: str, name: str) -> dict[str, Any]:
    order = lane.orders[name]
    view = world.client.payment(order.id) if order.is_purchase else world.client.rampoff(order.id)
    kinds = tuple(sorted({each["kind"] for each in view["exceptions"]}))
    decided = view[DECIDED.get(kind, "coin_amount_decimal")]
    return {**{key: view[key] for key in COMPARED_FIELDS}, "decided": decided, "exceptions": kinds}
