"""What must hold whatever happens: checked on the model after every operation, and useful beside a binary too."""

from __future__ import annotations

from fractions import Fraction

from .entities import BUY, ENDED_STATUSES, SELL, Order
from .model import Model
from .money import worth_exactly
from .whose import tolerance


def check(model: Model) -> None:
    """Every property; an assertion says which one fails, of which order or receipt."""
    for receipt in model.receipts.values():
        if receipt.applied:
            assert receipt.parts() == receipt.amount, f"conservation: {receipt}"
            parts = (
                receipt.waiting, receipt.at_promise, receipt.at_market, receipt.returning, receipt.returned, receipt.aside, receipt.taken_back,
                receipt.kept, receipt.written_off, receipt.conversion_loss, receipt.lost,
            )
            assert min(parts) >= 0, f"conservation: {receipt}"
    for order in model.orders.values():
        no_profit(model, order)
        accounted(model, order)
    for item in model.items:
        assert model.balance(item) >= 0
    reported: dict[tuple[str, str], int] = {}
    for event in model.events:
        if event.kind in ("PAY_IN", "CRYPTO_RECEIVED", "RAMPOFF_FINISHED"):
            reported[(event.order, event.kind)] = reported.get((event.order, event.kind), 0) + 1
    assert all(count == 1 for count in reported.values()), "6.4: reported once"


def no_profit(model: Model, order: Order) -> None:
    """What was exchanged at the promise is at most ordered + tolerance, in-time money, and decided before the bound."""
    own = model.own(order)
    promised = sum(receipt.at_promise for receipt in own)
    assert promised <= order.ordered + tolerance(order), f"no profit: {order.id} exchanged {promised} at the promise"
    if promised:
        assert order.decided_at is not None and order.decided_at <= order.honoured_until, f"no profit: {order.id} was decided after the bound"
        assert not order.method.priced_on_arrival
        for receipt in own:
            assert not receipt.at_promise or (receipt.time < order.held_until and not receipt.assigned), f"no profit: {receipt}"


def accounted(model: Model, order: Order) -> None:
    """What leaves is what was converted, once: fees and worth together are never more than what was exchanged."""
    own = model.own(order)
    promised = sum(receipt.at_promise for receipt in own)
    exchanged = promised + sum(receipt.at_market for receipt in own)
    if not exchanged:
        assert not order.owed and not order.sent, f"conservation: {order.id} sends what nobody paid"
        return
    assert order.owed + order.sent == order.out_promise + order.out_market, f"conservation: {order.id}"
    if promised:
        worth: Fraction = worth_exactly(order.out_promise, order.promise, order.pair) if order.side == BUY else Fraction(order.out_promise)
        paid = Fraction(promised) if order.side == BUY else worth_exactly(promised, order.promise, order.pair)
        assert worth + order.fee_promise <= paid, f"conservation: {order.id} gives more than it got"
        # Less than a unit of what leaves is lost by rounding.
        unit = worth_exactly(1, order.promise, order.pair) if order.side == BUY else Fraction(1)
        assert paid - worth - order.fee_promise < unit, f"conservation: {order.id} keeps more than its fees"


def within_windows(model: Model, tolerances: dict[str, int]) -> None:
    """4: a customer passes no window by more than the tolerances without a person.

    `tolerances`: per currency, the most that the tolerances of all orders can add, in minor units. Orders that a person let
    go are not asked.
    """
    let_go = {model.customers[order.customer].document for order in model.orders.values() if order.let_go}
    for (_, document, fiat, window), amount in model.windows.counters.items():
        levels = [customer.level for customer in model.customers.values() if customer.document == document]
        ceilings = model.limits[(fiat, max(levels))]
        ceiling = {"day": ceilings.day, "month": ceilings.month, "quarter": ceilings.quarter}[window.split()[0]]
        if document not in let_go:
            assert amount <= ceiling + tolerances[fiat], f"limits: {document} has {amount} in {window}"


def most_tolerance(model: Model) -> dict[str, int]:
    """The most that the tolerances of all orders can add to a window, per currency."""
    most: dict[str, int] = {symbol: 0 for symbol in model.fiats}
    for order in model.orders.values():
        most[order.fiat.symbol] += order.fiat.tolerance_cap if order.side in (BUY, SELL) else 0
    return most


class Forward:
    """6.4: never backwards. Called with the statuses after each step, it remembers the last ones."""

    def __init__(self) -> None:
        self.last: dict[str, str] = {}

    def check(self, model: Model) -> None:
        for order in model.orders.values():
            before = self.last.get(order.id, order.status)
            if before != order.status:
                assert order.status not in ("started", "created"), f"6.4: {order.id} went back to {order.status}"
                chain_refused = before == "coins_sent" and order.status == "on_hold" and order.hold_reason == "chain"
                assert before not in ENDED_STATUSES or chain_refused, f"6.4: {order.id} was {before} and is {order.status}"
            self.last[order.id] = order.status
