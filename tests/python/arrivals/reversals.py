"""What is taken back again (rule 5.1)."""

from __future__ import annotations

from .books import Books
from .entities import Order, Receipt


class Reversals(Books):
    """A reversal names its receipt and stops what it paid for."""

    def reversal(self, key: str, amount: int | None = None) -> None:
        """5.1: `amount` of a receipt (default: all of it) is taken back. One that comes first waits for its receipt."""
        receipt = self.receipts.get(key)
        if receipt is None or not receipt.applied:
            self.early_reversals[key] = amount
            return
        self._take_back(receipt, amount)

    def reverse_early(self, receipt: Receipt) -> bool:
        """5.1: applies a reversal that came before its receipt, before anything else is made of that."""
        if receipt.key not in self.early_reversals:
            return False
        self._take_back(receipt, self.early_reversals.pop(receipt.key))
        return True

    def _take_back(self, receipt: Receipt, amount: int | None) -> None:
        """5.1: what was set aside touches suspense only; the rest stops what it paid for."""
        order = self.orders[receipt.order] if receipt.order else None
        possible = receipt.amount - receipt.taken_back - receipt.lost
        left = possible if amount is None else min(amount, possible)
        from_suspense = min(left, receipt.aside)
        receipt.aside -= from_suspense
        receipt.taken_back += from_suspense
        left -= from_suspense
        if order is None:
            receipt.waiting -= left
            receipt.taken_back += left
            return
        self.touched.add(order.id)
        if not left:
            return
        order.reversal = "chargeback"
        if receipt.returning or receipt.returned:
            self._lose(order, receipt, left)
        elif order.attempt == "sent":
            self._lose(order, receipt, left)
            self._hold_others(order)
        elif order.attempt == "unknown":
            self.reversed_in_flight.append((order.id, receipt.key, left))
        else:
            self._stop(order, receipt, left)
        self.update(order)

    def _stop(self, order: Order, receipt: Receipt, amount: int) -> None:
        """5.1: nothing was attempted, or it failed: the conversion is undone; what is left is on hold."""
        paid = order.decided or order.status == "on_hold"
        self.undo_conversion(order)
        taken = min(amount, receipt.waiting)
        receipt.waiting -= taken
        receipt.taken_back += taken
        if self.own_waiting(order):
            order.held_by_person = True
            self.hold(order, "review")
        elif paid:
            order.status, order.hold_reason, order.decided = "failed", None, True
            self.free_promise(order)
            self.give_back_counts(order)

    def undo_conversion(self, order: Order) -> None:
        """3.7: at its own amounts: what was exchanged waits again, for a person. 4.2: then nothing was exchanged."""
        for receipt in self.own(order):
            receipt.waiting += receipt.at_promise + receipt.at_market
            receipt.at_promise = receipt.at_market = 0
        if order.owed:
            self.give_back_counts(order)
            order.decided, order.settled_by_policy = False, True
        order.stopped, order.decided_out = False, None
        order.owed = order.fee_promise = order.fee_market = order.out_promise = order.out_market = 0

    def attempt_ended_after_reversal(self, order: Order, arrived: bool) -> None:
        """5.1: what arrives all the same is a loss; what does not is stopped."""
        ended = [entry for entry in self.reversed_in_flight if entry[0] == order.id]
        self.reversed_in_flight = [entry for entry in self.reversed_in_flight if entry[0] != order.id]
        for _, key, amount in ended:
            if arrived:
                self._lose(order, self.receipts[key], amount)
                self._hold_others(order)
            else:
                self._stop(order, self.receipts[key], amount)

    def _lose(self, order: Order, receipt: Receipt, amount: int) -> None:
        """5.1: what left all the same is a loss that is booked."""
        receipt.lost += amount
        order.loss += amount

    def _hold_others(self, order: Order) -> None:
        """4.2: a chargeback after coins left puts the customer's other paid orders on hold, and new receipts (standing)."""
        customer = self.customers[order.customer]
        for other in self.customers.values():
            if (other.partner, other.document) == (customer.partner, customer.document):
                other.charged_back = True
        for other_order in self.orders.values():
            if self.customers[other_order.customer].charged_back and other_order.owed and other_order.attempt == "none":
                self.hold(other_order, "review")

    def dispute_won(self, key: str, amount: int) -> None:
        """5.1: goes against the loss; beyond it, it is money set aside that names the order."""
        receipt = self.receipts[key]
        against = min(receipt.lost, amount)
        receipt.lost -= against
        if receipt.order:
            self.orders[receipt.order].loss -= against
        back = min(amount - against, receipt.taken_back)
        if back:
            receipt.taken_back -= back
            receipt.aside += back
            self.item_for(receipt.order, "dispute_won", receipt)
