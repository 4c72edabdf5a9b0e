"""How much is exchanged, returned, set aside or held (rule 3 and 4.1). Everything here is pure.

`judge` receives the sums of an order's own receipts, in time and late, and the moment's situation. Amounts are in units of
what arrives; what leaves is in the units of what leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from .entities import BUY, CUSTOMER_SUPPLIES, Order
from .money import Fees, Outcome, purchase, sale
from .timing import final_reading
from .whose import tolerance

Asking = Callable[[int, int], str | None]
"""Asked with the worth of what goes at the promise and at the market, in minor units; answers why not, as a hold's reason."""


@dataclass(frozen=True)
class Situation:
    """What a decision reads of the moment.

    `market` is never a stale price. `coins` is what the order may take: its own reserved ones and those promised to nobody.
    `standing` is why this customer gets nothing now. `back` says whether all of it can be sent back (2.5). `person`: a person
    with the right lets the order go.
    """

    now: int
    market: Fraction | None
    present: Fees
    coins: int
    standing: str | None
    ask_market: Asking
    back: bool
    person: bool = False


@dataclass(frozen=True)
class Decision:
    """What becomes of the money: `exchange`, `back`, `hold` or `aside` (all of it, the order waits on)."""

    outcome: str
    at_promise: int = 0
    at_market: int = 0
    out: Outcome = Outcome(0, 0, 0, 0)
    back: int = 0
    aside: int = 0
    aside_reason: str = ""
    hold_reason: str = ""
    final: bool = False
    """Whether a hold is the decision itself: then what comes later is beside the order."""


def is_complete(order: Order, in_time: int) -> bool:
    """3.1: in-time money of at least ordered − tolerance."""
    return in_time > 0 and in_time >= order.ordered - tolerance(order)


def is_ready(order: Order, in_time: int, late: int, now: int, last_good_reading: int | None) -> bool:
    """1.3, 3.1 to 3.3: whether the order is decided now, or waits."""
    if is_complete(order, in_time) or order.status == "on_hold":
        return True
    if order.method.kind == "redirect":
        return in_time + late > 0
    if not in_time:
        return late > 0 and not any(time < order.held_until for time in order.pending.values())
    if order.pending:
        return False
    if now >= order.honoured_until:
        return True
    return last_good_reading is not None and final_reading(last_good_reading, order.held_until, order.method.source)


def price_stands(order: Order, now: int) -> bool:
    """1.4: until when the promise is kept for in-time money; not longer than itself while the customer's part is missing."""
    if order.method.priced_on_arrival:
        return False
    if order.hold_reason in CUSTOMER_SUPPLIES or order.settled_by_policy:
        return now < order.held_until
    return now <= order.honoured_until


def exchange(order: Order, promised: int, at_market: int, situation: Situation) -> Outcome:
    """3.6, for either leg."""
    formula = purchase if order.side == BUY else sale
    return formula(promised, at_market, order.promise, situation.market, order.fees, situation.present, order.pair)


def worth(order: Order, promised: int, at_market: int, out: Outcome) -> tuple[int, int]:
    """What counts in windows, in minor units, at the promise and at the market: the money paid, or paid out (R12)."""
    return (promised, at_market) if order.side == BUY else (out.at_promise, out.at_market)


def outside_bounds(order: Order, promised: int, at_market: int, out: Outcome | None) -> str | None:
    """3.5: `minimum` or `maximum` of method or coin, whichever is not respected, for the whole of an order (R9).

    Without `out` only what is known without a price is asked.
    """
    if order.side == BUY:
        fiat, coins = promised + at_market, out.total if out else 0
    else:
        fiat, coins = out.total if out else order.method.minimum, promised + at_market
        if coins < order.coin.minimum:
            return "minimum"
    if fiat < order.method.minimum:
        return "minimum"
    if fiat > order.method.maximum or coins > order.coin.maximum:
        return "maximum"
    return None


def judge(order: Order, in_time: int, late: int, situation: Situation) -> Decision:
    """3.3: an order is decided once, by one policy.

    In-time money that is complete decides it alone, whatever came late: that came after the decision (2.2).
    """
    if situation.standing:
        return Decision("hold", hold_reason=situation.standing)
    if is_complete(order, in_time):
        if not price_stands(order, situation.now):
            inside = in_time <= order.ordered + tolerance(order)
            return at_market(order, 0, in_time, situation, bounded=not inside)
        return completed(order, in_time, situation)
    if late:
        return judge_late(order, in_time, late, situation)
    return judge_short(order, in_time, situation)


def completed(order: Order, in_time: int, situation: Situation) -> Decision:
    """3.1 and 3.4: what is complete goes at the promise; a surplus beyond the tolerance goes along, back, or aside."""
    promised = in_time if in_time <= order.ordered + tolerance(order) else order.ordered
    surplus = in_time - promised
    out = exchange(order, promised, 0, situation)
    if out.total <= 0:
        return Decision("aside", aside=in_time, aside_reason="fees")
    if out.total > situation.coins:
        return Decision("hold", hold_reason="liquidity")
    decision = Decision("exchange", at_promise=promised, out=out)
    if not surplus:
        return decision
    if order.method.policy.over == "back":
        return replace(decision, back=surplus)
    why = why_surplus_stays(order, promised, surplus, situation)
    if why:
        return replace(decision, aside=surplus, aside_reason=why)
    return replace(decision, at_market=surplus, out=exchange(order, promised, surplus, situation))


def why_surplus_stays(order: Order, promised: int, surplus: int, situation: Situation) -> str | None:
    """3.4: why a surplus cannot go along at that moment: price, maximum, limit, coins, nothing left after fees."""
    if situation.market is None:
        return "price"
    out = exchange(order, promised, surplus, situation)
    if out.at_market <= 0:
        return "fees"
    if outside_bounds(order, promised, surplus, out) == "maximum":
        return "maximum"
    why = situation.ask_market(*worth(order, promised, surplus, out))
    if why:
        return why
    if out.total > situation.coins:
        return "liquidity"
    return None


def judge_late(order: Order, in_time: int, late: int, situation: Situation) -> Decision:
    """3.3, 3.5: any of its money is late."""
    policy = "market" if order.method.priced_on_arrival or situation.person else order.method.policy.late
    if policy == "back":
        return send_back(in_time + late, situation)
    if policy == "hold":
        return Decision("hold", hold_reason="amount", final=True)
    promised = in_time if price_stands(order, situation.now) else 0
    return at_market(order, promised, in_time + late - promised, situation)


def judge_short(order: Order, in_time: int, situation: Situation) -> Decision:
    """3.3: all of it in time, and not enough."""
    policy = order.method.policy.short
    if situation.person:
        return at_market(order, 0, in_time, situation)
    if policy == "hold":
        return Decision("hold", hold_reason="amount", final=True)
    if policy == "refund":
        return send_back(in_time, situation)
    if not price_stands(order, situation.now):
        return at_market(order, 0, in_time, situation)
    out = exchange(order, in_time, 0, situation)
    if outside_bounds(order, in_time, 0, out) == "minimum":
        return send_back(in_time, situation)
    if out.total <= 0:
        return Decision("aside", aside=in_time, aside_reason="fees")
    if out.total > situation.coins:
        return Decision("hold", hold_reason="liquidity")
    return Decision("exchange", at_promise=in_time, out=out)


def send_back(amount: int, situation: Situation) -> Decision:
    """2.5: all of it back, or it waits for a destination."""
    if situation.back:
        return Decision("back", back=amount)
    return Decision("hold", hold_reason="destination", final=True)


def at_market(order: Order, promised: int, rest: int, situation: Situation, bounded: bool = True) -> Decision:
    """3.5, 3.6, 4.1: `promised` at the promise and `rest` at the market, or held.

    1.4: after the bound everything goes at the market, and bears all fees (3.6). `bounded`: whether minimum and maximum bind
    (not inside the tolerance, 3.1, nor where a person lets it go).
    """
    bounded = bounded and not situation.person
    aside = 0
    if promised and exchange(order, promised, 0, situation).total <= 0:
        promised, aside = 0, promised
    if bounded and outside_bounds(order, promised, rest, None) == "minimum":
        return send_back(promised + rest + aside, situation)
    if situation.market is None:
        return Decision("hold", hold_reason="price")
    out = exchange(order, promised, rest, situation)
    if bounded and outside_bounds(order, promised, rest, out) == "minimum":
        return send_back(promised + rest + aside, situation)
    if out.total <= 0:
        return Decision("aside", aside=promised + rest + aside, aside_reason="fees")
    if bounded and outside_bounds(order, promised, rest, out) == "maximum":
        return Decision("hold", hold_reason="amount")
    why = situation.ask_market(*worth(order, promised, rest, out))
    if why:
        return Decision("hold", hold_reason=why)
    if out.total > situation.coins:
        return Decision("hold", hold_reason="liquidity")
    return Decision(
        "exchange", at_promise=promised, at_market=rest, out=out, aside=aside, aside_reason="fees" if aside else "",
    )
