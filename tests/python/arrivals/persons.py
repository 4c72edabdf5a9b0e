"""What a person can do (rule 7). Each command is a request: it is granted or refused with a code."""

from __future__ import annotations

from .decide import is_complete, price_stands
from .entities import BUY, PAID, STRANGER, WAITING_STATUSES, Order, Receipt, Refusal
from .money import coins_for, gross_of
from .sending import Sending
from .whose import tolerance


class Persons(Sending):
    """An operator's commands. `right` says whether the person has the right that the rules ask for."""

    def release(self, order: Order) -> None:
        """7: lets a held one go; 4.1: past limits; 1.4: at the promise only where that still stands."""
        if order.status != "on_hold":
            raise Refusal("not_on_hold")
        if self.customers[order.customer].banned:
            raise Refusal("banned")
        if self.customers[order.customer].charged_back:
            raise Refusal("charged_back")
        anew = order.stopped or not order.owed
        if anew and self.needs_price(order) and self.market(order) is None:
            raise Refusal("price_unavailable")
        if order.stopped:
            self.undo_conversion(order)
        order.exempt_from |= {fault for fault in self.faults(order) if fault.startswith("hit ")}
        order.let_go, order.held_by_person = True, False
        if order.owed:
            order.status, order.hold_reason, order.attempt = PAID[order.side], None, "none"
            self.update(order)
            return
        self.consider(order, person=True)

    def needs_price(self, order: Order) -> bool:
        """7: whether letting it go now has something exchanged at the market, which a command needs a fresh price for."""
        in_time, late = self.waiting(order, decided=True)
        surplus = in_time > order.ordered + tolerance(order)
        return bool(late) or surplus or not is_complete(order, in_time) or not price_stands(order, self.now)

    def refund(self, order: Order, right: bool = False, our_fault: bool = False) -> None:
        """2.5, 3.7: sends back what came; a conversion is undone at the lower of its amount and its worth now."""
        waiting = self.own_waiting(order)
        if order.ended or order.status == "refund_pending" or order.attempt in ("unknown", "sent") or not (waiting or order.owed):
            raise Refusal("nothing_to_refund")
        frozen = any(receipt.hit for receipt in self.own(order))
        if frozen and not right:
            raise Refusal("frozen")
        if order.stopped:
            self.undo_conversion(order)
        elif order.owed:
            self._undo_at_lower_worth(order, our_fault)
        if frozen:
            for receipt in self.own(order):
                receipt.hit = False
        order.decided, order.decided_at = True, self.now
        self.free_promise(order)
        self.give_back_counts(order)
        order.in_caps = False
        order.settled_by_policy = True
        everything = self.send_back(order, [(receipt, receipt.waiting) for receipt in self.own(order) if receipt.waiting])
        if everything:
            order.status, order.hold_reason = "refund_pending", None
            self.update(order)
        else:
            order.decided = False
            self.hold(order, "destination")

    def _undo_at_lower_worth(self, order: Order, our_fault: bool) -> None:
        """3.7: at the lower of the original amount and its worth at that moment; the difference stays with us."""
        owed = order.owed
        original = sum(receipt.at_promise + receipt.at_market for receipt in self.own(order))
        market = self.market(order)
        if market is None and not our_fault:
            raise Refusal("price_unavailable")
        self.undo_conversion(order)
        if our_fault:
            return
        assert market is not None
        now_worth = gross_of(owed, market, order.pair) if order.side == BUY else coins_for(owed, market, order.pair)
        lost = original - min(original, now_worth)
        for receipt in reversed(self.own(order)):
            part = min(lost, receipt.waiting)
            receipt.waiting -= part
            receipt.conversion_loss += part
            lost -= part

    def hold_order(self, order: Order) -> None:
        """5.1: stops an order before anything leaves. One that waits needs no stop (7 does not ask for it)."""
        if order.status != PAID[order.side] or not order.owed or order.attempt not in ("none", "failed"):
            raise Refusal("nothing_to_hold")
        order.held_by_person = True
        self.hold(order, "review")

    def cancel(self, order: Order) -> None:
        """3.2: what received something cannot be cancelled; asking for that is asking for the refund.

        Coins in a block are waited for (1.3). An order on hold is not one that waits for money.
        """
        if order.pending or order.status not in WAITING_STATUSES:
            raise Refusal("not_cancellable")
        if self.own_waiting(order):
            self.refund(order)
            return
        order.status, order.in_caps = "cancelled", False
        self.free_promise(order)
        self.give_back_counts(order)
        self.update(order)

    def give_destination(self, order: Order) -> None:
        """2.5, 7: the customer's own account or wallet; what waited for it goes."""
        order.refund_destination = True
        if order.status == "on_hold" and order.hold_reason == "destination":
            if self.send_back(order, [(receipt, receipt.waiting) for receipt in self.own(order) if receipt.waiting]):
                self.free_promise(order)
                self.give_back_counts(order)
                order.decided, order.in_caps = True, False
                order.status, order.hold_reason = "refund_pending", None
                self.update(order)

    # --- items in suspense ---

    def assign(self, receipt: Receipt, order: Order, right: bool = False) -> None:
        """2.1, 7: gives what was set aside to an order. It goes at the market (1.4)."""
        if receipt.aside != receipt.amount - receipt.taken_back or not receipt.aside:
            raise Refusal("not_in_suspense")
        if (receipt.hit or receipt.payer == STRANGER) and not right:
            raise Refusal("right_needed")
        waits = order.is_open or (order.status == "on_hold" and not order.decided)
        if not waits or receipt.asset != order.asset_in:
            raise Refusal("order_not_open")
        self.belongs(receipt, order)
        receipt.counted, receipt.assigned = True, True
        receipt.waiting, receipt.aside, receipt.time, receipt.hit = receipt.aside, 0, self.now, False
        self.update(order)
        self.consider(order)

    def passes_window(self, order: Order) -> bool:
        """R30: whether an order is held because of a window, not of the transaction limit."""
        market, waiting = self.market(order), self.own_waiting(order)
        if order.status != "on_hold" or order.hold_reason != "limit" or market is None or not self.methods[order.method.name].enabled:
            return False
        worth = waiting if order.side == BUY else gross_of(waiting, market, order.pair)
        return worth <= self.limits[(order.fiat.symbol, self.customers[order.customer].level)].transaction

    def return_item(self, receipt: Receipt, right: bool = False) -> None:
        """2.5: a stranger's money only to its source; nothing that screening froze without the right."""
        order = self.orders[receipt.order] if receipt.order else None
        if not receipt.aside:
            raise Refusal("not_in_suspense")
        if receipt.hit and not right:
            raise Refusal("frozen")
        own_source = receipt.returnable and (order is None or order.side == BUY)
        if not own_source and (receipt.payer == STRANGER or order is None or not order.refund_destination):
            raise Refusal("no_destination")
        # A whole deposit leaves from the address that it lies at, which costs nothing.
        is_part = order is not None and order.side != BUY and receipt.aside != receipt.amount
        receipt.network = self.network_fee(order) if order is not None and is_part else 0
        receipt.returning, receipt.aside = receipt.aside, 0

    def keep(self, receipt: Receipt) -> None:
        """7: keeps it, reversibly."""
        if not receipt.aside:
            raise Refusal("not_in_suspense")
        receipt.kept, receipt.aside = receipt.kept + receipt.aside, 0

    def keep_no_longer(self, receipt: Receipt) -> None:
        """7: what was kept waits in suspense again."""
        receipt.aside, receipt.kept = receipt.aside + receipt.kept, 0

    def write_off(self, receipt: Receipt) -> None:
        """7, 5.3: written off."""
        if not receipt.aside:
            raise Refusal("not_in_suspense")
        receipt.written_off, receipt.aside = receipt.written_off + receipt.aside, 0

    # --- standing ---

    def ban(self, customer: str) -> None:
        """4.3: a banned customer's orders need a person."""
        self.customers[customer].banned = True

    def unban(self, customer: str) -> None:
        """R24: also what a chargeback left behind."""
        self.customers[customer].banned = self.customers[customer].charged_back = False

    def set_level(self, customer: str, level: int) -> None:
        """A hold for a limit is let go by a person (R13)."""
        self.customers[customer].level = level

