"""What must hold whatever the model says: checked on what the binary and the world's books show, at the end of a batch.

No profit: nobody gets more than ordered + tolerance at the promise, and nothing at it after the time for which it is honoured.
Limits: no customer of level 1 passes a limit by more than the tolerances, unless a person let an order go.
Conservation: what came for an order is accounted for, and what has left has left once.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .binary import STORED_WITHIN, WALLET, BinaryOrder, LaneState, World, parse_time
from .catalogue import POLICIES, TOLERANCE_CAPS, default_model, minor
from .limits import windows_of
from .timing import SECOND
from .watch import Watch

ZERO = Decimal(0)
COMMANDS_AT_ONCE = 3
NOTHING: dict[str, Any] = {"entries": [], "payouts": [], "balance": "0"}
"""The books of an order for which nothing came."""
CHAIN = "polygon"
Prices = dict[tuple[str, str], tuple[Decimal, Decimal]]
CATALOGUE = default_model()
"""Only its numbers are read: limits and decimals."""
POLICY_OF = {"ESP.transfer": "transfer", "MEX.SPEI": "transfer", "ESP.card": "redirect", "MEX.OXXO": "voucher", "sell": "selling"}


@dataclass
class Shown:
    """An order as the binary shows it, in major units."""

    name: str
    order: BinaryOrder
    view: dict[str, Any]
    book: dict[str, Any]
    fiat: str
    coin: str
    ordered: Decimal
    policy: str
    tolerance: Decimal = ZERO
    given: Decimal = ZERO
    """What the customer gave that was exchanged, without fees: money of a purchase, coins of a sale."""
    got: Decimal = ZERO
    exchanged_at: int = 0
    promise: Decimal = ZERO


class Books:
    """Reads what the binary and its world show of the lanes of one batch."""

    def __init__(self, world: World, watch: Watch) -> None:
        self.world, self.watch = world, watch
        self.known: dict[str, Shown] = {}
        """What was read of each of the binary's orders."""
        self.prices: list[tuple[int, Prices]] = []
        self.seen: list[float] = []
        """When they were seen, by the real clock."""
        self.first_transaction = self._newest_transaction()

    def saw(self, now: int, prices: Prices) -> None:
        """The market's prices of a moment, spread inside; those that are stale are left out."""
        self.prices.append((now, prices))
        self.seen.append(time.monotonic())

    def complaints(self, lane: LaneState) -> list[tuple[str, str, Any, Any]]:
        """Order, property, what is allowed and what is shown."""
        found: list[tuple[str, str, Any, Any]] = []
        with ThreadPoolExecutor(COMMANDS_AT_ONCE) as pool:
            # Each is read by a command, which is a process of its own.
            orders = list(pool.map(lambda named: self._read(lane, *named), lane.orders.items()))
        for each in orders:
            found += self._no_profit(lane, each)
            found += self._conserved(lane, each)
        found += self._limits(lane, orders)
        return found

    # --- reading ---

    def _read(self, lane: LaneState, name: str, order: BinaryOrder) -> Shown:
        view = self.world.read(order)
        received = Decimal(view["received_amount"]) != 0
        # A command is a process of its own: it is not run where it can have nothing to report.
        book = json.loads(self.world.rampart.run("order", "show", order.id, "--json")) if received else NOTHING
        fiat = view["fiat_symbol"]
        coin = f"{view['coin_symbol']}.{view['coin_chain']}" if order.is_purchase else f"{view['crypto']}.{view['blockchain']}"
        each = Shown(name, order, view, book, fiat, coin, lane.ordered[name], POLICY_OF[lane.methods[name]])
        self.known[order.id] = each
        each.promise = self._price_at(each, order.created, best=False) or ZERO
        each.tolerance = self._tolerance(each)
        gives, gets = (fiat, coin) if order.is_purchase else (coin, fiat)
        for entry in book["entries"]:
            if entry["account"] != "fx":
                continue
            asset = entry["asset"].replace(":", ".")
            amount = Decimal(entry["amount"]) * (1 if (entry["side"] == "credit") == (asset == gives) else -1)
            if asset == gives:
                each.given += amount
            elif asset == gets:
                each.got += amount
            each.exchanged_at = max(each.exchanged_at, parse_time(entry["posted_at"]))
        return each

    def _tolerance(self, each: Shown) -> Decimal:
        cap = Decimal(TOLERANCE_CAPS[each.fiat])
        if not each.order.is_purchase:
            cap = cap / each.promise if each.promise else cap * 1000
        return min(each.ordered * POLICIES[each.policy].tolerance_basis_points / 10_000, cap)

    def _price_at(self, each: Shown, moment: int, best: bool, by_person: bool = False) -> Decimal | None:
        """The price that counted at a moment. With `best` the better one for the customer of those around it.

        A person's command knows the prices that were stored last (`by_person`).
        """
        market, side = (each.coin, each.fiat), 0 if each.order.is_purchase else 1
        known = [(at, prices[market][side]) for at, prices in self.prices if market in prices]
        before = [price for at, price in known if at <= moment][-1:]
        after = [price for at, price in known if at > moment][:1]
        if not best:
            return (before or after or [None])[0]
        around = before + after
        if by_person:
            last = sum(1 for at, _ in self.prices if at <= moment)
            around += [
                prices[market][side] for (_, prices), seen in zip(self.prices[:last], self.seen, strict=False)
                if seen >= self.seen[last - 1] - STORED_WITHIN and market in prices
            ]
        if not around:
            return None
        return min(around) if each.order.is_purchase else max(around)

    # --- no profit ---

    def _no_profit(self, lane: LaneState, each: Shown) -> list[tuple[str, str, Any, Any]]:
        """What was got is no more than the most that may go at the promise, and the rest at the market, would give."""
        market = self._price_at(each, each.exchanged_at, best=True, by_person=each.name in lane.assigned | lane.let_go)
        if each.got <= 0 or market is None or not each.promise:
            return []
        held_until = parse_time(each.view["expires_at"])
        honoured = POLICIES[each.policy].hold_honours_seconds * SECOND
        at_promise = ZERO
        if each.exchanged_at <= held_until + honoured:
            in_time = sum((reported.amount for reported in lane.reported if reported.can_be_for(each.name) and (reported.at is None or reported.at < held_until)), ZERO)
            at_promise = min(each.ordered + each.tolerance, in_time, each.given)
        if each.order.is_purchase:
            if each.promise >= market:
                at_promise = ZERO
            allowed = at_promise / each.promise + (each.given - at_promise) / market
        else:
            if each.promise <= market:
                at_promise = ZERO
            allowed = at_promise * each.promise + (each.given - at_promise) * market
        decimals = CATALOGUE.coins[each.coin].decimals if each.order.is_purchase else CATALOGUE.fiats[each.fiat].decimals
        if each.got > allowed + Decimal(1).scaleb(-decimals):
            return [(each.name, "no profit", f"at most {allowed:.{decimals}f}", each.got)]
        return []

    # --- limits ---

    def _limits(self, lane: LaneState, orders: list[Shown]) -> list[tuple[str, str, Any, Any]]:
        """What was ordered and exchanged in one window counts in it, whichever moment counts."""
        found: list[tuple[str, str, Any, Any]] = []
        for customer in lane.people:
            if customer in lane.raised or any(lane.owners[name] == customer for name in lane.let_go):
                continue
            sums: Counter[tuple[str, str]] = Counter()
            spare: Counter[str] = Counter()
            for each in orders:
                if lane.owners[each.name] != customer or each.got <= 0:
                    continue
                decimals = CATALOGUE.fiats[each.fiat].decimals
                amount = minor(each.view["accepted_amount"] if each.order.is_purchase else each.view["fiat_amount"], decimals)
                spare[each.fiat] += TOLERANCE_CAPS[each.fiat] * 10**decimals
                limits = CATALOGUE.limits[(each.fiat, 1)]
                most = limits.transaction + TOLERANCE_CAPS[each.fiat] * 10**decimals
                if amount > most:
                    found.append((each.name, "transaction limit", most, amount))
                for window in set(windows_of(each.order.created)) & set(windows_of(each.exchanged_at)):
                    sums[(each.fiat, window)] += amount
            for (fiat, window), amount in sums.items():
                limits = CATALOGUE.limits[(fiat, 1)]
                ceiling = {"day": limits.day, "month": limits.month, "quarter": limits.quarter}[window.split()[0]]
                if amount > ceiling + spare[fiat]:
                    found.append((customer, f"limit of {window}", ceiling + spare[fiat], amount))
        return found

    # --- conservation ---

    def _conserved(self, lane: LaneState, each: Shown) -> list[tuple[str, str, Any, Any]]:
        """What came for it is exchanged, sent back, set aside, or waits. What a person assigned elsewhere, and what was taken
        back, is not shown by these amounts."""
        view = each.view
        if each.name in lane.assigned or view["reversal"]:
            return []
        shown = sum((Decimal(view[key]) for key in ("accepted_amount", "set_aside_amount", "refunded_amount")), ZERO)
        waits = view["status"] not in ("payment_received", "coins_sent", "crypto_received", "paying_out", "finished")
        if waits:
            balance, accepted = Decimal(each.book["balance"].split()[0]), Decimal(view["accepted_amount"])
            # What was decided about and stopped before it was converted is on the order's account still.
            shown += balance if each.given else max(balance - accepted, ZERO)
        reported = [reported for reported in lane.reported if reported.can_be_for(each.name) and reported.asset == (each.fiat if each.order.is_purchase else each.coin)]
        most = sum((one.amount for one in reported), ZERO)
        # Coins can be in no final block yet, or lost with one; of several orders only one gets what names them all.
        # What was charged back out of suspense leaves no trace on the order.
        was_charged_back = each.name in lane.charged_back
        is_exact = each.order.is_purchase and not was_charged_back and all(one.is_certain for one in reported)
        if shown > most or (is_exact and shown != most):
            return [(each.name, "conservation", most, shown)]
        return []

    def left_once(self, lanes: list[LaneState]) -> list[tuple[str, str, Any, Any]]:
        """Every transaction to the customers' wallet belongs to one order and is what that shows; every payout settles once."""
        found: list[tuple[str, str, Any, Any]] = []
        sent = {each["txid"]: each for each in self._transactions()}
        owner: dict[str, str] = {}
        payouts: dict[str, tuple[str, str]] = {}
        account: str | None = None
        for lane in lanes:
            for name, order in lane.orders.items():
                known = self.known.get(order.id) or self._read(lane, name, order)
                view = known.view
                txid, amount = (view["txid"], view["sent_amount"]) if order.is_purchase else (view["refund_txid"], view["refunded_amount"])
                if txid:
                    if txid in owner:
                        found.append((name, "leaves twice", f"a transaction of its own, not that of {owner[txid]}", txid))
                    owner[txid] = name
                    said = sent.get(txid)
                    shown = said and Decimal(said["amount"]).scaleb(-int(said["decimals"]))
                    if shown != Decimal(amount) and view["status"] in ("coins_sent", "refunded"):
                        found.append((name, "what left", amount, shown))
                if order.is_purchase and lane.methods[name] == "ESP.transfer":
                    account = order.answer["iban"]
                if view["status"] == "finished":
                    payouts |= {each["id"]: (name, view["sent_amount"]) for each in known.book["payouts"]}
        nobodys = set(sent) - set(owner)
        if nobodys:
            # Reading takes minutes, in which orders go on.
            went_on = self.watch.changed()
            again = [order for lane in lanes for order in lane.orders.values() if order.id in went_on]
            nobodys -= {self._sent_by(order) for order in again} | self._of_earlier(lanes)
        found += [(txid, "leaves for nobody", "an order's transaction", sent[txid]["amount"]) for txid in sorted(nobodys)]
        if account is not None:
            settled = [line for line in self._statement(account) if line["kind"] == "payout_settled"]
            counted = Counter(line["payout_id"] for line in settled)
            found += [(payout, "settles twice", 1, count) for payout, count in counted.items() if count > 1]
            for line in settled:
                name, amount = payouts.get(line["payout_id"], ("", line["amount"]))
                if Decimal(line["amount"]) != Decimal(amount):
                    found.append((name, "what was paid", amount, line["amount"]))
        return found

    def _of_earlier(self, lanes: list[LaneState]) -> set[str | None]:
        """The transactions of those who played before in this world, and whose orders changed since."""
        found: set[str | None] = set()
        self.watch.changed()
        changed = {about for about, _ in self.watch.reported}
        for lane in self.world.lanes:
            if any(lane is each for each in lanes):
                continue
            for order in lane.orders.values():
                if order.id in changed:
                    found.add(self._sent_by(order))
        return found

    def _sent_by(self, order: BinaryOrder) -> str | None:
        """The transaction to the customer that an order shows now."""
        txid: str | None = self.world.read(order)["txid" if order.is_purchase else "refund_txid"]
        return txid

    def _statement(self, account: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        before: dict[str, str] = {}
        while True:
            page = self.world.client.world("bank/statement", account=account, limit="1000", **before)
            found += page
            if len(page) < 1000:
                return found
            before = {"before": page[-1]["line"]}

    def _newest_transaction(self) -> int:
        newest = self.world.client.world(f"chain/{CHAIN}/transactions", address=WALLET, limit="1")
        return int(newest[0]["id"]) if newest else 0

    def _transactions(self) -> list[dict[str, Any]]:
        """What went to the customers' wallet since the batch began."""
        found: list[dict[str, Any]] = []
        before: dict[str, str] = {}
        while True:
            page = self.world.client.world(f"chain/{CHAIN}/transactions", address=WALLET, limit="1000", **before)
            fresh = [each for each in page if int(each["id"]) > self.first_transaction]
            found += [each for each in fresh if each["to"].lower() == WALLET.lower()]
            if len(page) < 1000 or len(fresh) < len(page):
                return found
            before = {"before": str(page[-1]["id"])}
