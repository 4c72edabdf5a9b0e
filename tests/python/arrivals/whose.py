"""Whose a receipt is (rule 2). Everything here is pure."""

from __future__ import annotations

from collections.abc import Iterable

from .entities import BUY, STRANGER, Order, Receipt
from .money import receipt_minimum, receipt_minimum_of_sale, tolerance_of_purchase, tolerance_of_sale, worth_exactly
from .timing import HOUR

DUPLICATE_WINDOW = 72 * HOUR


def tolerance(order: Order) -> int:
    """3.1: the order's tolerance, in units of what arrives."""
    basis_points, cap = order.method.policy.tolerance_basis_points, order.fiat.tolerance_cap
    if order.side == BUY:
        return tolerance_of_purchase(order.ordered, basis_points, cap)
    return tolerance_of_sale(order.ordered, basis_points, cap, order.promise, order.pair)


def is_dust(order: Order, amount: int) -> bool:
    """2.6: whether an amount is below `receipt_minimum`; coins by their worth at the order's price."""
    if order.side == BUY:
        return amount < receipt_minimum(order.fiat.tolerance_cap, order.method.minimum)
    return worth_exactly(amount, order.promise, order.pair) < receipt_minimum_of_sale(
        order.fiat.tolerance_cap, order.coin.minimum, order.promise, order.pair,
    )


def below_refund_minimum(order: Order, amount: int) -> bool:
    """2.5, 9: `refund_minimum` is the same as `receipt_minimum`."""
    return is_dust(order, amount)


def by_reference(named: list[Order]) -> Order | None:
    """2.4: of several candidates the only open one; a single candidate is meant whatever its state."""
    if len(named) == 1:
        return named[0]
    still_open = [order for order in named if order.is_open]
    return still_open[0] if len(still_open) == 1 else None


def on_own_account(orders: Iterable[Order], received: dict[str, int], amount: int, now: int) -> Order | None:
    """2.3: the order that an amount on the customer's own account number is for.

    `orders` are all of that customer and rail, `received` what each has received of its own.
    """
    oldest_first = sorted(orders, key=lambda order: (order.created, order.id))
    still_open = [order for order in oldest_first if order.is_open]

    def lacks(order: Order) -> int:
        return order.ordered - received.get(order.id, 0)

    for order in still_open:
        if lacks(order) == amount:
            return order
    for order in still_open:
        if abs(lacks(order) - amount) <= tolerance(order):
            return order
    if len(still_open) == 1 and not any(_decided_lately(order, now) and order.ordered == amount for order in oldest_first):
        return still_open[0]
    return None


def _decided_lately(order: Order, now: int) -> bool:
    judged_at = order.decided_at if order.decided_at is not None else order.held_at
    return judged_at is not None and now - judged_at <= DUPLICATE_WINDOW


def cannot_be_the_customer(order: Order, receipt: Receipt) -> bool:
    """2.1: a payer whom the rail does not name is the customer."""
    return receipt.payer == STRANGER and order.method.policy.hold_foreign_payer


def beside(order: Order, receipt: Receipt) -> str | None:
    """2.1, 2.2, 1.5: why a receipt that names the order is set aside beside it; `None` if it is the order's own."""
    symbol, _, chain = receipt.asset.partition(".")
    if receipt.asset != order.asset_in:
        wrong_chain = bool(chain) and order.side != BUY and symbol == order.coin.symbol
        return "wrong_network" if wrong_chain else "wrong_asset"
    if receipt.source != order.method.source.name:
        return "other_processor"
    if cannot_be_the_customer(order, receipt):
        return "foreign_payer"
    if order.ended or (order.is_open and receipt.time >= max(order.open_until, order.held_until)):
        return "ended"
    if not order.is_open:
        return "duplicate"
    return None
