"""The model's state, and the small questions that every rule asks of it."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from .entities import BUY, Coin, Customer, Event, Fiat, Item, Limits, Method, Order, Receipt, Unusual
from .limits import Windows
from .money import Fees
from .timing import SECOND, Source
from .whose import below_refund_minimum

UPDATED = {"buy": "PAYMENT_UPDATED", "sell": "RAMPOFF_UPDATED"}


class Books:
    """Everything that is known, and `now`: microseconds of business time."""

    def __init__(self, now: int = 0) -> None:
        self.now = now
        self.customers: dict[str, Customer] = {}
        self.methods: dict[str, Method] = {}
        self.coins: dict[str, Coin] = {}
        self.fiats: dict[str, Fiat] = {}
        self.limits: dict[tuple[str, int], Limits] = {}
        self.orders: dict[str, Order] = {}
        self.going: dict[str, Order] = {}
        """Those that have not ended: what time changes."""
        self.receipts: dict[str, Receipt] = {}
        self.of_order: defaultdict[str, list[Receipt]] = defaultdict(list)
        """The receipts that name each order."""
        self.touched: set[str] = set()
        """Orders of which something else may be shown since this was last emptied."""
        self.items: list[Item] = []
        self.events: list[Event] = []
        self.windows = Windows()
        self.prices: dict[tuple[str, str, str], Fraction | None] = {}
        self.balances: defaultdict[str, int] = defaultdict(int)
        self.readings: defaultdict[str, list[tuple[int, bool]]] = defaultdict(list)
        self.good_readings: dict[str, int] = {}
        """When the last good one of each source began."""
        self.disabled_partners: set[str] = set()
        self.in_blocks: dict[str, Receipt] = {}
        """Deposits that are not confirmed."""
        self.early_reversals: dict[str, int | None] = {}
        self.reversed_in_flight: list[tuple[str, str, int]] = []
        """Order, receipt and amount of what was taken back while an attempt's outcome was unknown."""
        self.open_order_cap = 10_000

    # --- the moment ---

    def market(self, order: Order) -> Fraction | None:
        """The market's price for an order, spread inside; `None` while there is no fresh one."""
        return self.prices.get((order.coin.asset, order.fiat.symbol, order.side))

    def present_fees(self, method: Method, coin: Coin) -> Fees:
        """The fees of the moment."""
        present = self.methods[method.name]
        return Fees(present.fee_fixed, present.fee_basis_points, self.coins[coin.asset].network_fees[method.fiat])

    def promised_to_nobody(self, asset: str) -> int:
        """3.5: coins (or money) that no order was promised or is owed."""
        bound = sum(order.reserved + order.owed for order in self.going.values() if order.asset_out == asset)
        return self.balances[asset] - bound

    def faults(self, order: Order) -> dict[str, str]:
        """4.1, 4.2: why the customer gets nothing now: each fault with the hold's reason."""
        customer = self.customers[order.customer]
        found = {}
        if customer.banned:
            found["banned"] = "review"
        if customer.partner in self.disabled_partners:
            found["partner"] = "review"
        if customer.charged_back:
            found["charged_back"] = "review"
        for receipt in self.own(order):
            if receipt.hit:
                found[f"hit {receipt.key}"] = "review"
        if not customer.identity_valid:
            found["identity"] = "identity"
        return found

    def standing(self, order: Order) -> str | None:
        """The first fault that no person has let go, as a hold's reason."""
        return next((reason for fault, reason in self.faults(order).items() if fault not in order.exempt_from), None)

    def ask_market(self, order: Order, at_promise: int, at_market: int) -> str | None:
        """4.1: what goes at the market asks every window, the transaction limit, age, and what is enabled."""
        if order.let_go:
            return None
        customer = self.customers[order.customer]
        if not (self.methods[order.method.name].enabled and self.coins[order.coin.asset].enabled):
            return "limit"
        if not customer.of_age:
            return "identity"
        # What the order counted when it was ordered becomes what goes at the promise in the same commit (4.2).
        counted = order.counted_ordered
        before = counted.amount if counted else 0
        if counted:
            self.windows.change(customer, order.fiat.symbol, counted, at_promise)
        limits = self.limits[(order.fiat.symbol, customer.level)]
        fits = self.windows.fits(customer, order.fiat.symbol, self.now, at_market, at_promise + at_market, limits)
        if counted:
            self.windows.change(customer, order.fiat.symbol, counted, before)
        return None if fits else "limit"

    def last_good_reading(self, source: Source) -> int | None:
        """When the last good reading of a source began."""
        return self.good_readings.get(source.name)

    def reading_before(self, source: Source, shown_at: int) -> tuple[int | None, bool]:
        """1.1: the last good reading that began before `shown_at`, and whether an interruption lies between them.

        An interruption is a reading that failed, or a silence longer than `backdating_seconds`.
        """
        if not source.has_readings:
            return None, False
        earlier = [(begun, is_good) for begun, is_good in self.readings[source.name] if begun < shown_at]
        last = max((begun for begun, is_good in earlier if is_good), default=None)
        if last is None:
            return None, False
        failed = any(not is_good and begun > last for begun, is_good in earlier)
        return last, failed or shown_at - last > source.backdating_seconds * SECOND

    # --- receipts of an order ---

    def belongs(self, receipt: Receipt, order: Order) -> None:
        """From now on the receipt names this order, and no other."""
        if receipt.order is not None:
            self.of_order[receipt.order].remove(receipt)
            self.touched.add(receipt.order)
        receipt.order = order.id
        self.of_order[order.id].append(receipt)
        self.touched.add(order.id)

    def own(self, order: Order) -> list[Receipt]:
        """The order's own receipts, in order of time."""
        mine = [receipt for receipt in self.of_order[order.id] if receipt.counted]
        return sorted(mine, key=lambda receipt: (receipt.time, receipt.sorted_by))

    def named(self, order: Order) -> list[Receipt]:
        """Every receipt that names the order, its own or set aside beside it."""
        return self.of_order[order.id]

    def waiting(self, order: Order, decided: bool = False) -> tuple[int, int]:
        """What waits for the decision: in time and late (1.2). What a person assigned goes as late money does (1.4).

        With `decided` also what was decided about.
        """
        in_time = late = 0
        for receipt in self.own(order):
            amount = receipt.waiting + (receipt.at_promise + receipt.at_market if decided else 0)
            if receipt.time < order.held_until and not receipt.assigned:
                in_time += amount
            else:
                late += amount
        return in_time, late

    def own_waiting(self, order: Order) -> int:
        """What waits for the decision, in time or late."""
        in_time, late = self.waiting(order)
        return in_time + late

    def received_something(self, order: Order) -> bool:
        """Whether money of its own waits, or coins of it are in a block (1.3)."""
        return self.own_waiting(order) > 0 or bool(order.pending)

    def can_go_back(self, order: Order, receipt: Receipt) -> bool:
        """2.5: whether this receipt has somewhere to go back to by itself."""
        if receipt.hit:
            return False
        if order.method.kind == "redirect":
            return True
        if order.side == BUY:
            return receipt.returnable or order.refund_destination
        return order.refund_destination

    def all_can_go_back(self, order: Order) -> bool:
        """2.5: whether everything that waits can be sent back, and is worth sending."""
        waiting = [receipt for receipt in self.own(order) if receipt.waiting]
        is_enough = not below_refund_minimum(order, sum(receipt.waiting for receipt in waiting))
        return is_enough and all(self.can_go_back(order, receipt) for receipt in waiting)

    # --- what is reported ---

    def emit(self, order: Order, kind: str, once: str | None = None) -> None:
        """6.4: an event; with `once` the second time it is an update."""
        if once is not None:
            if once in order.reported:
                kind = UPDATED[order.side]
            order.reported.add(once)
        self.events.append(Event(order.id, kind, order.status))
        self.touched.add(order.id)

    def update(self, order: Order) -> None:
        """6.4: everything else is an update."""
        self.emit(order, UPDATED[order.side])

    def flag(self, order: Order, kind: str, amount: int, at: int) -> None:
        """6.1: notes what was unusual. What a decision finds (late, short, over) is one flag each, the last found."""
        if kind in ("late", "short", "over"):
            order.unusual = [flag for flag in order.unusual if flag.kind != kind]
        order.unusual.append(Unusual(kind, amount, at))

    def hold(self, order: Order, reason: str) -> None:
        """6.3: on hold, with the reason."""
        changed = order.status != "on_hold" or order.hold_reason != reason
        order.held_at = self.now if order.held_at is None else order.held_at
        order.status, order.hold_reason = "on_hold", reason
        if changed:
            self.update(order)

    # --- what an order keeps from others ---

    def free_promise(self, order: Order) -> None:
        """1.3: its coins are nobody's any more."""
        order.reserved = 0

    def count_exchanged(self, order: Order, at_promise: int, at_market: int) -> None:
        """4.2: the promise counts when it was ordered; late, surplus and released amounts now. Minor units."""
        if order.let_go:
            at_promise, at_market = 0, at_promise + at_market
        customer = self.customers[order.customer]
        if order.counted_ordered is None:
            order.counted_ordered = self.windows.count(customer, order.fiat.symbol, order.created, 0)
        self.windows.change(customer, order.fiat.symbol, order.counted_ordered, at_promise)
        if at_market:
            order.counted_later.append(self.windows.count(customer, order.fiat.symbol, self.now, at_market))

    def give_back_counts(self, order: Order) -> None:
        """4.2: where nothing was exchanged, every window gets back what was counted in it."""
        customer = self.customers[order.customer]
        for counted in [order.counted_ordered, *order.counted_later]:
            if counted is not None:
                self.windows.change(customer, order.fiat.symbol, counted, 0)

    # --- suspense ---

    def item_for(self, order: str | None, reason: str, receipt: Receipt, running: bool = False) -> Item:
        """5.2: every item names the order that its fact names. 2.6: what is below the minimum has one item per order."""
        if order is not None:
            self.touched.add(order)
        if running:
            for item in self.items:
                if item.running and item.order == order:
                    item.receipts.append(receipt.key)
                    return item
        item = Item(order, reason, [receipt.key], running)
        self.items.append(item)
        return item

    def balance(self, item: Item) -> int:
        """What is behind an item. It cannot be dismissed before that is zero (7)."""
        return sum(self.receipts[key].aside for key in item.receipts)

    def set_aside(self, order: Order | None, receipt: Receipt, amount: int, reason: str) -> None:
        """Books a part that waits to suspense."""
        receipt.waiting -= amount
        receipt.aside += amount
        assert receipt.waiting >= 0
        self.item_for(order.id if order else None, reason, receipt)
