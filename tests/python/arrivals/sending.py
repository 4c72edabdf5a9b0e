"""What leaves: attempts, their outcomes, and what goes back (rules 2.5, 3.7, 4.3, 5.1)."""

from __future__ import annotations

from .entities import BUY, PAID, Order, Receipt, Refusal
from .intake import Intake
from .money import network_fee_in_coins

ARRIVED = {"buy": "coins_sent", "sell": "finished"}


class Sending(Intake):
    """Attempts to send what is owed. One attempt at a time; an unknown one is never repeated blindly."""

    def attempt(self, order: Order) -> bool:
        """5.1, 4.3: the attempt is committed before it is made, and that commit relies on the customer's standing."""
        if order.status != PAID[order.side] or order.attempt not in ("none", "failed") or not order.owed:
            raise Refusal("nothing_to_send")
        why = self.standing(order)
        if why:
            order.stopped = order.attempt == "none"
            self.hold(order, why)
            return False
        order.attempt = "unknown"
        if order.side != BUY:
            order.status = "paying_out"
            self.update(order)
        return True

    def arrived(self, order: Order, name: str) -> None:
        """6.4: `COINS_SENT` once per txid, `RAMPOFF_FINISHED` once. `name` is the txid or the bank's reference."""
        assert order.attempt == "unknown"
        order.sent, order.owed = order.owed, 0
        self.balances[order.asset_out] -= order.sent
        order.attempt, order.status, order.hold_reason = "sent", ARRIVED[order.side], None
        if order.side == BUY:
            self.emit(order, "COINS_SENT", once=f"txid {name}")
        else:
            self.emit(order, "RAMPOFF_FINISHED", once="finished")
        self.attempt_ended_after_reversal(order, arrived=True)

    def attempt_failed(self, order: Order) -> None:
        """3.7: the customer is owed what was converted, without end. 5.1: unless it was taken back meanwhile."""
        assert order.attempt == "unknown"
        order.attempt = "failed"
        self.hold(order, "chain" if order.side == BUY else "bank")
        self.attempt_ended_after_reversal(order, arrived=False)

    def refused_by_chain(self, order: Order) -> None:
        """6.4: the one way back from `coins_sent`; the coins are owed again."""
        assert order.status == "coins_sent"
        self.going[order.id] = order
        order.owed, order.sent = order.sent, 0
        self.balances[order.asset_out] += order.owed
        order.attempt = "failed"
        self.hold(order, "chain")

    def wallet_screened(self, order: Order, hit: bool) -> None:
        """4.3: a hit on the receiver needs a person."""
        if hit and order.owed and order.attempt in ("none", "failed"):
            self.hold(order, "review")

    # --- what goes back ---

    def send_back(self, order: Order, pieces: list[tuple[Receipt, int]]) -> bool:
        """2.5: per receipt to where that may go; each piece was waiting. Whether nothing had to stay.

        What has no destination goes on waiting. What is below the minimum is sent by a person alone (R25).
        """
        everything = True
        # Coins of one order go back in one transaction.
        network = self.network_fee(order)
        for receipt, amount in pieces:
            if self.can_go_back(order, receipt):
                receipt.waiting -= amount
                receipt.returning += amount
                receipt.network, network = network, 0
            else:
                everything = False
        return everything

    @staticmethod
    def network_fee(order: Order) -> int:
        """2.5: what the customer bears of a transaction that brings coins back."""
        return 0 if order.side == BUY else network_fee_in_coins(order.fees, order.promise, order.pair)

    def return_settled(self, receipt: Receipt) -> None:
        """2.5: one payout of a return has settled; the order is `refunded` when the last has."""
        receipt.returned += receipt.returning
        receipt.network_paid += receipt.network
        receipt.returning, receipt.network = 0, 0
        order = self.orders[receipt.order] if receipt.order else None
        if order is None:
            return
        if order.status == "refund_pending" and not any(each.returning or each.waiting for each in self.own(order)):
            order.status = "refunded"
        self.update(order)

    def return_failed(self, receipt: Receipt) -> None:
        """2.5: it waits again, on the order or in suspense."""
        order = self.orders[receipt.order] if receipt.order else None
        amount, receipt.returning, receipt.network = receipt.returning, 0, 0
        if order is not None and receipt.counted and order.status == "refund_pending":
            receipt.waiting += amount
            receipt.returnable = False
            self.hold(order, "destination")
        else:
            receipt.aside += amount
            self.item_for(receipt.order, "return_failed", receipt)

    def play_outside(self, bank: bool = True, chain: bool = True) -> None:
        """Left alone, the outside world plays itself: what may leave leaves and arrives, what goes back settles.

        Without `bank` the bank takes what it is given, and nobody hears whether it arrived. Without `chain` coins that go back
        wait for blocks.
        """
        for order in list(self.going.values()):
            if order.status == PAID[order.side] and order.owed and order.attempt == "none":
                self.attempt(order)
            if order.attempt == "unknown" and (order.side == BUY or bank):
                self.arrived(order, f"of {order.id}")
        for receipt in list(self.receipts.values()):
            settles = {"rail": bank, "chain": chain}.get(receipt.source.split()[0], True)
            if receipt.returning and settles:
                self.return_settled(receipt)
