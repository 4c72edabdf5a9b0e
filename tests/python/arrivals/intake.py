"""Facts: what arrives, and when it was read (rules 1 and 2). A fact is never refused (4.1)."""

from __future__ import annotations

from .decide import is_complete
from .entities import Order, Receipt
from .reversals import Reversals
from .timing import Source, counted_time
from .whose import beside, by_reference, is_dust, on_own_account

MAX_READINGS = 200
"""Number of recent readings of a source that are kept: what is reported now was seen by one of them."""
FLAGGED = ("wrong_network", "wrong_asset", "foreign_payer", "duplicate", "late")


class Intake(Reversals):
    """Stores facts and applies them."""

    def reading(self, source: str, begun: int, good: bool = True) -> None:
        """1.1, 1.3: a reading of a source that began at `begun` is done."""
        readings = self.readings[source]
        readings.append((begun, good))
        if good:
            self.good_readings[source] = max(begun, self.good_readings.get(source, begun))
        if len(readings) > MAX_READINGS and any(is_good for _, is_good in readings[MAX_READINGS // 2 :]):
            del readings[: MAX_READINGS // 2]

    def store(self, receipt: Receipt) -> None:
        """A fact is stored under its natural key, so that it counts once."""
        self.receipts.setdefault(receipt.key, receipt)

    def apply_stored(self) -> None:
        """Applies stored facts in order of time: the order in which they were stored or reported changes nothing."""
        waiting = [receipt for receipt in self.receipts.values() if not receipt.applied]
        for receipt in sorted(waiting, key=lambda each: (self._time_without_order(each), each.sorted_by)):
            self._apply(receipt)
            if receipt.order and receipt.counted:
                self.consider(self.orders[receipt.order])

    def consider(self, order: Order, person: bool = False) -> None:
        """Decides the order, if it is time (the model's)."""
        raise NotImplementedError

    def end_if_due(self, order: Order) -> None:
        """1.5: ends an order whose time is over (the model's)."""
        raise NotImplementedError

    def _time_without_order(self, receipt: Receipt) -> int:
        """The time that counts, as far as it does not depend on the order's creation."""
        for method in self.methods.values():
            if method.source.name == receipt.source:
                return self._time(receipt, 0, method.source)
        return receipt.seen

    def _time(self, receipt: Receipt, created: int, source: Source) -> int:
        """1.1."""
        reported = receipt.reported if receipt.first_block is None else receipt.first_block
        return counted_time(reported, receipt.seen, created, receipt.last_reading, receipt.interrupted, source)

    # --- whose it is ---

    def _find(self, receipt: Receipt) -> Order | None:
        """2.3, 2.4."""
        if receipt.account_of is not None:
            theirs = [
                order for order in self.orders.values()
                if order.customer == receipt.account_of and order.method.kind == "virtual_account" and order.method.source.name == receipt.source
            ]
            for order in theirs:
                self._end_before(order, receipt)
            received = {order.id: self.own_waiting(order) for order in theirs}
            return on_own_account(theirs, received, receipt.amount, self.now)
        candidates = [self.orders[name] for name in receipt.named if name in self.orders]
        for order in candidates:
            self._end_before(order, receipt)
        return by_reference(candidates)

    def _end_before(self, order: Order, receipt: Receipt) -> None:
        """1.5: an order whose end had come when the receipt was seen has ended, whether or not a worker has run (1.2)."""
        if receipt.seen >= order.open_until:
            self.end_if_due(order)

    def _apply(self, receipt: Receipt) -> None:
        """Rule 2: first whose, then how much."""
        receipt.applied = True
        receipt.waiting = receipt.amount
        order = self._find(receipt)
        if order is None:
            self.set_aside(None, receipt, receipt.amount, "unassigned")
            self.reverse_early(receipt)
            return
        self.belongs(receipt, order)
        order.pending.pop(receipt.key, None)
        receipt.time = self._time(receipt, order.created, order.method.source)
        if receipt.asset == order.asset_in and is_dust(order, receipt.amount):
            self.item_for(order.id, "below_minimum", receipt, running=True)
            receipt.waiting, receipt.aside = 0, receipt.amount
            self.reverse_early(receipt)
            return
        reason = beside(order, receipt)
        if reason is None:
            receipt.counted = True
            if not self.reverse_early(receipt):
                self.update(order)
            return
        self._beside(order, receipt, reason)

    def _beside(self, order: Order, receipt: Receipt, reason: str) -> None:
        """2.1, 2.2, 1.5: set aside beside the order, or back through its processor by itself."""
        if reason == "ended":
            reason = "duplicate" if order.decided else "late"
        if reason in FLAGGED:
            self.flag(order, reason, receipt.amount, receipt.time)
        goes_back = order.method.kind == "redirect" and reason in ("late", "duplicate") and not self.customers[order.customer].banned
        if goes_back and receipt.key not in self.early_reversals:
            receipt.waiting, receipt.returning = 0, receipt.amount
        else:
            self.set_aside(order, receipt, receipt.amount, reason)
            self.reverse_early(receipt)
        self.update(order)

    # --- coins in blocks ---

    def deposit_seen(self, receipt: Receipt) -> None:
        """1.1, 1.3: coins of an order are in a block for the first time. `receipt.first_block` is the block's own time."""
        if receipt.key in self.receipts or receipt.key in self.in_blocks:
            return
        self.in_blocks[receipt.key] = receipt
        order = self._address(receipt)
        if order is None or not self._is_waited_for(order, receipt):
            return
        order.pending[receipt.key] = receipt.time
        order.saw_coins = True
        if order.status == "created":
            order.status = "confirming"
            self.update(order)

    def deposit_confirmed(self, key: str) -> None:
        """The coins are final: now they are a receipt, with the time of the first block. Until that is applied they are waited for."""
        self.store(self.in_blocks.pop(key))

    def deposit_dropped(self, key: str) -> None:
        """1.3: undone in its block. The order stays `confirming`; mined again it is not late (1.1)."""
        order = self._address(self.in_blocks[key])
        if order:
            order.pending.pop(key, None)

    def deposit_mined_again(self, key: str) -> None:
        """1.1: back in a block, with the time of the first one."""
        receipt = self.in_blocks[key]
        order = self._address(receipt)
        if order and self._is_waited_for(order, receipt):
            order.pending[key] = receipt.time

    def _is_waited_for(self, order: Order, receipt: Receipt) -> bool:
        """1.3: coins that will be the order's own, once they are final."""
        receipt.time = self._time(receipt, order.created, order.method.source)
        return beside(order, receipt) is None and not is_dust(order, receipt.amount)

    def _address(self, receipt: Receipt) -> Order | None:
        return self.orders.get(receipt.named[0]) if receipt.named else None

    # --- screening of what came (2.1) ---

    def receipt_hit(self, key: str) -> None:
        """2.1: a hit on a receipt that the order does not need sets aside that receipt, not the order.

        It is not needed if the order is complete without it. A receipt below the minimum is not screened (2.6).
        """
        receipt = self.receipts[key]
        receipt.hit = True
        if not receipt.counted or receipt.order is None:
            return
        order = self.orders[receipt.order]
        if not receipt.waiting:
            if order.owed and order.attempt == "none":
                self.hold(order, "review")
            return
        in_time, _ = self.waiting(order)
        if is_complete(order, in_time - (receipt.waiting if receipt.time < order.held_until else 0)):
            self.set_aside(order, receipt, receipt.waiting, "hit")
            receipt.counted = False
            self.update(order)
        else:
            self.hold(order, "review")
