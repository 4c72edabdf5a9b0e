"""The reference model of what arrives and what leaves: plain, slow and obvious. No IO, no clock of its own.

It is written from the rules alone, so that it can catch the errors of the code. `Model` receives facts and commands, one
after another, and yields for each order what the rules say: `view`. The rules are spread over files by idea:

- `money`: tolerance, fees, rounding (3.1, 3.6, 9)          - `reversals`: what is taken back (5.1)
- `timing`: the time that counts (1)                         - `sending`: attempts and returns (2.5, 3.7, 4.3)
- `whose`: which order a receipt is for (2)                  - `persons`: an operator's commands (7)
- `decide`: what becomes of it (3, 4.1)                      - `limits`: windows (4.2)
- `intake`: facts, stored and applied (1, 2)                 - `entities`, `books`: what is spoken of, and the state

Units: amounts are integers in minor units of a currency or base units of a coin, times are microseconds of UTC.

Readings
--------
Where the rules leave something open, the model reads them so:

R1  (2.2, 3.4) Stored receipts are applied one after the other in order of their time, then of their key, and the order is
    considered after each. So "what completed it" is the receipt that completed it, later ones came after the decision, and
    it does not matter whether a worker ran in between.
R2  (3.1, 3.3) In-time money that is complete decides alone; late money of the same order is then "after the decision" and
    set aside. "Late if any of its money is late" is asked of orders that in-time money did not complete.
R3  (1.3) With in-time money the decision waits for the final reading even if late money came too. With nothing in time the
    first late receipt decides at once.
R4  (1.3, 1.4) The promise of in-time money stands up to and including `held_until + hold_honours_seconds`, by the moment of
    the decision's commit, whatever made it late. After it everything goes at the market and bears all fees, the present
    ones, and asks what goes at the market asks.
R5  (1.4) A hold for what the customer can supply (identity, limit, destination, payer) keeps the promise only while that
    stands by itself: before `held_until`. So does a hold by policy that a person releases: it is not a complete order.
R6  (1.1) A reading "after" `held_until + backdating_seconds` begins later than it, not at it. "By more than" likewise.
    Interruption: a failed reading, or a silence longer than the source's `backdating_seconds`, since the last good one.
R7  (1.4, 1.5, 2.2) An order whose end lies within the time that its price is honoured is `expired` when its source was read
    past its end: until then what was made before the end is its own, and what was made later is late. Terminal is terminal
    also for in-time money that is reported after that: it is set aside, or goes back through its processor.
R8  (1.5, 3.3) Orders that are priced on arrival have nothing in time: their first receipt decides at the market by the rule
    for late money, always by `market`, and carries no flag `late`. Their policy `short` is never asked.
R9  (3.3) What is below the method's minimum and would go at the market is sent back like a short one, else held
    (`destination`). Above a maximum it is held (`amount`). Minimum and maximum are asked of the whole order, promise and
    market together; of a sale by what is paid out, and of the coins.
R10 (3.4) A surplus whose policy is `back` and that has no destination is set aside.
R11 (3.6) A part whose net is nothing or less does not cover its fees. If that is all, it is set aside and the order waits on
    as it was.
R12 (4.2) Windows hold what was exchanged, of a sale what is paid out: deciding changes the count of the ordering moment to what
    went at the promise, up or down; what did not go is given back there. What a person let go before it was decided counts
    wholly in the present.
R13 (4.3) Holds for identity, price and liquidity resume by themselves. All others need a person, also one for a limit.
R14 (2.6) Dust is recognised before the payer is looked at; dust in a block is not waited for and changes no status.
    `receipt_minimum` of coins is by worth at the order's promised (or estimated) price.
R15 (6.2) `received_amount` sums the order's own receipts, gross; not dust and nothing that was set aside beside the order.
    `set_aside_amount` sums whatever of its asset names the order in suspense, dust too. `refunded_amount` sums what has settled, less the network fee.
R16 (6.1, 6.2) Flags are a set: `late` with what came late by 1.2, `short` with what is missing of everything that came, `over`
    with what is too much, each as the last judgement saw it.
    Money for an order that ended undecided (expired, cancelled) is `late`, for a decided one `duplicate`. What is inside the
    tolerance is not flagged.
R17 (5.1) An order whose whole money was taken back before anything left is `failed`, if it was paid or on hold; an order
    that still waits stays as it is. What is left after a partial reversal is on hold (`review`) and waits for a person.
R18 (3.7) "Its worth at that moment" is what is owed at the market's price of the moment, fees not added back.
R19 (7) `assign` needs an order that waits, or that is on hold and undecided. Assigned money counts as late money from the moment of the command.
R20 (3.3, 4.1, 4.3) Standing is asked before any policy, so a banned customer's money is not sent back by itself either, also
    not what came after the end.
R21 (2.3) "The amount of an order decided in the last 72 h" is its ordered amount. One on hold was judged when it was held (R22).
R22 (2.2, 2.3, 3.3) An order is open until it is judged. One on hold was judged, whatever holds it: what comes then is beside it.
R23 (6.3) An order on hold shows the reason it was first held for until it goes on, also where another has joined it.
R24 (4.2, 4.3) A person who lifts a ban lifts what a chargeback left behind with it, for that registration.
R25 (2.5, 9) `refund_minimum` is asked of everything that goes back together. It does not bind a person.
R26 (4.3, 7) A person lets nothing go of a customer who is banned or charged money back: that is lifted first. Whatever else speaks
    against the customer is asked again when something leaves: then the order is held again, shows what was decided, and is decided
    anew when it is let go the next time.
R27 (4.1) What method and coin do not allow at that moment is held for `limit`.
R28 (2.5, 7) What a person sends back to a banned customer goes; what goes back by itself is held.
R29 (6.2) When what was decided is undone (a reversal, a refund), the ordered terms are shown again.
R30 (4.1, 7) A person's command that would pass a window changes nothing; the transaction limit holds the order.
R31 (1.5) The end of a purchase whose promise was seen to end before is looked at the least `backdating_seconds` of any source after it.
    What comes until then is late all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .decide import Decision, Situation, exchange, is_ready, judge, worth
from .entities import BUY, PAID, UNPAID, WAITING_STATUSES, Coin, Order, Receipt, Refusal
from .money import Fees
from .persons import Persons
from .timing import SECOND, final_reading
from .whose import below_refund_minimum, tolerance

END_IS_LOOKED_AT = 900 * SECOND
"""R31."""
PAID_EVENT = {"buy": "PAY_IN", "sell": "CRYPTO_RECEIVED"}


@dataclass(frozen=True)
class View:
    """What is shown of an order (6.2, 6.3). Amounts of what arrives, and `sent`, `decided` of what leaves."""

    status: str
    received: int
    accepted: int
    set_aside: int
    refunded: int
    sent: int
    decided: int
    at_promise: int
    at_market: int
    fees: int
    hold_reason: str | None
    exceptions: tuple[str, ...]
    reversal: str | None


class Model(Persons):
    """The whole of it."""

    # --- requests of partners ---

    def create_order(
        self, order_id: str, customer: str, method: str, coin: str, ordered: int, *, promise: Fraction | None = None,
        refund_destination: bool = False, created: int | None = None,
    ) -> Order:
        """Creates an order, or refuses it with the code of the first check that fails.

        `promise` is the price of a quote; without one the market's. `created` is its exact time, where that is known.
        """
        terms, asset = self.methods[method], self.coins[coin]
        who, fiat = self.customers[customer], self.fiats[terms.fiat]
        if who.banned:
            raise Refusal("user_banned")
        if not who.identity_valid:
            raise Refusal("require_kyc")
        if not terms.enabled:
            raise Refusal("method_not_allowed")
        if not asset.enabled:
            raise Refusal("coin_not_supported")
        price = promise or self.prices.get((asset.asset, fiat.symbol, terms.side))
        if price is None:
            raise Refusal("price_unavailable")
        created = self.now if created is None else created
        fees: Fees = self.present_fees(terms, asset)
        order = Order(
            order_id, terms.side, customer, terms, asset, fiat, ordered, price, fees, created,
            created + terms.policy.hold_seconds * SECOND, created + terms.policy.open_seconds * SECOND, 0, refund_destination,
        )
        order.ordered_out = self._ordered_out(order)
        fiat_worth = ordered if terms.side == BUY else order.ordered_out
        self._bounds_of_request(order, asset, fiat_worth)
        limits = self.limits[(fiat.symbol, who.level)]
        if not self.windows.fits(who, fiat.symbol, created, fiat_worth, fiat_worth, limits):
            higher = self.limits.get((fiat.symbol, who.level + 1))
            fits_higher = higher is not None and self.windows.fits(who, fiat.symbol, created, fiat_worth, fiat_worth, higher)
            raise Refusal("kyc_reinforced_required" if fits_higher else "limit_exceded")
        in_caps = [each for each in self.orders.values() if each.customer == customer and each.in_caps]
        if len(in_caps) >= self.open_order_cap:
            raise Refusal("too_many_open")
        if not terms.priced_on_arrival:
            if order.ordered_out > self.promised_to_nobody(order.asset_out):
                raise Refusal("no_liquidity")
            order.reserved = order.ordered_out
        order.counted_ordered = self.windows.count(who, fiat.symbol, created, fiat_worth)
        order.status = UNPAID[order.side]
        self.orders[order_id] = self.going[order_id] = order
        self.touched.add(order_id)
        return order

    def _ordered_out(self, order: Order) -> int:
        """What the ordered terms give, as the quote says."""
        nothing = Situation(self.now, None, order.fees, 0, None, lambda promised, market: None, False)
        return exchange(order, order.ordered, 0, nothing).total

    def _bounds_of_request(self, order: Order, coin: Coin, fiat_worth: int) -> None:
        sold = order.ordered if order.side != BUY else coin.minimum
        if fiat_worth < order.method.minimum or sold < coin.minimum or order.ordered_out <= 0:
            raise Refusal("min_purchase")
        coins = order.ordered_out if order.side == BUY else order.ordered
        if fiat_worth > order.method.maximum or coins > coin.maximum:
            raise Refusal("max_purchase")

    # --- time and facts ---

    def receive(self, receipt: Receipt) -> None:
        """One fact, reported and applied."""
        self.store(receipt)
        self.settle()

    def advance(self, to: int) -> None:
        """Business time goes on."""
        self.now = max(self.now, to)
        self.settle()

    def settle(self) -> None:
        """Everything that can be done now is done: what is stored is applied, what is due is swept."""
        self.apply_stored()
        self.sweep()

    def sweep(self) -> None:
        """1.3, 1.5, 3.5, 4.3: ends of promises, decisions that waited, holds that resume, ends of orders."""
        self.going = {order.id: order for order in self.going.values() if not order.ended}
        for order in self.going.values():
            self._end_promise(order)
        waiting = [order for order in self.going.values() if not order.decided and self.own_waiting(order)]
        for order in sorted(waiting, key=lambda each: (self.own(each)[0].time, self.own(each)[0].key)):
            self.consider(order)
        for order in self.going.values():
            self._resume(order)
            self.end_if_due(order)

    def _end_promise(self, order: Order) -> None:
        """1.3: at `held_until` with nothing received everything is given back; else the coins stay a little longer."""
        if order.ended or order.decided or self.now < order.held_until:
            return
        if not self.received_something(order):
            self.free_promise(order)
            order.in_caps = False
            order.promise_ended_at = order.promise_ended_at or self.now
            self.give_back_counts(order)
        elif self.now >= order.coins_kept_until:
            self.free_promise(order)

    def _resume(self, order: Order) -> None:
        """4.3: a converted order resumes by itself when the identity is valid again."""
        if order.status == "on_hold" and order.hold_reason == "identity" and order.owed and self.standing(order) is None:
            order.status, order.hold_reason = PAID[order.side], None
            self.update(order)

    def end_if_due(self, order: Order) -> None:
        """1.5: at its end an order that waits is `expired`; coins in a block are waited for (1.3)."""
        is_over = order.status in WAITING_STATUSES and self.now >= order.open_until and self._end_is_read(order)
        if is_over and not self.received_something(order):
            self._end_promise(order)
            order.status = "expired"
            self.free_promise(order)
            order.in_caps = False
            self.give_back_counts(order)
            self.update(order)

    def _end_is_read(self, order: Order) -> bool:
        """1.4: whether nothing made before the order's end can still be reported at its promise."""
        reading = self.last_good_reading(order.method.source)
        is_read = reading is not None and final_reading(reading, order.open_until, order.method.source)
        had_ended = order.promise_ended_at is not None and order.promise_ended_at < order.open_until
        looked_at = order.open_until + (END_IS_LOOKED_AT if order.side == BUY and had_ended else 0)
        return is_read or self.now >= max(order.honoured_until, looked_at)

    # --- decisions ---

    def consider(self, order: Order, person: bool = False) -> None:
        """3.3: decides the order once, if it is time. `person`: a person lets it go."""
        if order.ended or order.decided or order.status == "refund_pending":
            return
        if not person and (order.settled_by_policy or order.held_by_person):
            return
        if order.status == "on_hold" and not (person or order.let_go or order.hold_reason in ("identity", "price", "liquidity")):
            return
        in_time, late = self.waiting(order)
        if not in_time + late:
            return
        reading = self.last_good_reading(order.method.source)
        if not person and not is_ready(order, in_time, late, self.now, reading):
            return
        # A person's word is asked of the standing when something leaves (4.3, R26).
        situation = Situation(
            self.now, self.market(order), self.present_fees(order.method, order.coin),
            order.reserved + self.promised_to_nobody(order.asset_out), None if person else self.standing(order),
            lambda promised, market: self.ask_market(order, promised, market), self.all_can_go_back(order), person or order.let_go,
        )
        self._carry_out(order, in_time, late, judge(order, in_time, late, situation))

    def _carry_out(self, order: Order, in_time: int, late: int, decision: Decision) -> None:
        self._flag_judged(order, in_time, late)
        if decision.outcome == "hold":
            if decision.final:
                order.settled_by_policy, order.decided_at = True, self.now
            if order.status != "on_hold":
                self.hold(order, decision.hold_reason)
            return
        own = [receipt for receipt in self.own(order) if receipt.waiting]
        if decision.outcome == "aside":
            for receipt in own:
                self.set_aside(order, receipt, receipt.waiting, decision.aside_reason)
            self.update(order)
            return
        order.decided, order.decided_at = True, self.now
        order.in_caps, order.hold_reason = False, None
        self.free_promise(order)
        if decision.outcome == "back":
            self.give_back_counts(order)
            self.send_back(order, [(receipt, receipt.waiting) for receipt in own])
            order.status = "refund_pending"
            self.update(order)
            return
        self._exchange(order, own, decision)

    def _flag_judged(self, order: Order, in_time: int, late: int) -> None:
        """6.1: what is unusual about what is judged: how much is late, and what is missing or too much beyond the tolerance."""
        order.unusual = [flag for flag in order.unusual if flag.kind not in ("late", "short", "over")]
        beyond = in_time + late - order.ordered
        if late and not order.method.priced_on_arrival:
            self.flag(order, "late", late, self.now)
        if abs(beyond) > tolerance(order):
            self.flag(order, "short" if beyond < 0 else "over", abs(beyond), self.now)

    def _exchange(self, order: Order, own: list[Receipt], decision: Decision) -> None:
        """3.6: the earliest money goes at the promise, the rest at the market, back, or aside."""
        _fill(own, decision.at_promise, "at_promise")
        if decision.aside and not decision.at_promise:
            self._aside(order, own, decision.aside, decision.aside_reason)
        _fill(own, decision.at_market, "at_market")
        if decision.back:
            self._back_or_aside(order, own, decision.back)
        for receipt in own:
            if receipt.waiting:
                late = receipt.time >= order.held_until
                if late:
                    self.flag(order, "late", receipt.waiting, receipt.time)
                self.set_aside(order, receipt, receipt.waiting, decision.aside_reason if decision.aside and not late else "late")
        out = decision.out
        order.out_promise, order.out_market = out.at_promise, out.at_market
        order.fee_promise, order.fee_market = out.fee_promise, out.fee_market
        order.owed = order.decided_out = out.total
        self.count_exchanged(order, *worth(order, decision.at_promise, decision.at_market, out))
        order.status = PAID[order.side]
        self.emit(order, PAID_EVENT[order.side], once="paid")

    def _aside(self, order: Order, own: list[Receipt], amount: int, reason: str) -> None:
        for receipt in own:
            part = min(amount, receipt.waiting)
            if part:
                self.set_aside(order, receipt, part, reason)
                amount -= part

    def _back_or_aside(self, order: Order, own: list[Receipt], amount: int) -> None:
        """3.4, 2.5: the surplus back, from the last that came; aside where it cannot go."""
        for receipt in reversed(own):
            part = min(amount, receipt.waiting)
            if not part:
                continue
            amount -= part
            if self.can_go_back(order, receipt) and not below_refund_minimum(order, part):
                receipt.waiting -= part
                receipt.returning += part
                receipt.network = self.network_fee(order)
            else:
                self.set_aside(order, receipt, part, "destination")

    # --- what is shown ---

    def counted(self, order_id: str) -> list[tuple[int, int]]:
        """4.2: what an order counts: the moment whose windows, and minor units. What was given back counts nothing."""
        order = self.orders[order_id]
        entries = [order.counted_ordered, *order.counted_later]
        return [(entry.moment, entry.amount) for entry in entries if entry is not None and entry.amount]

    def suspense(self) -> list[tuple[str | None, str, int]]:
        """5.3: the open items: the order they name, why, and the balance behind them."""
        return [(item.order, item.reason, self.balance(item)) for item in self.items if self.balance(item)]

    def view(self, order_id: str) -> View:
        """6.2, 6.3."""
        order = self.orders[order_id]
        own = self.own(order)
        named = [receipt for receipt in self.named(order) if receipt.asset == order.asset_in]
        kinds = {flag.kind for flag in order.unusual}
        return View(
            status=order.status,
            received=sum(receipt.amount for receipt in own),
            accepted=sum(receipt.at_promise + receipt.at_market for receipt in own),
            set_aside=sum(receipt.aside for receipt in named),
            refunded=sum(receipt.returned - receipt.network_paid for receipt in named),
            sent=order.sent,
            decided=order.ordered_out if order.decided_out is None else order.decided_out,
            at_promise=order.out_promise,
            at_market=order.out_market,
            fees=order.fee_promise + order.fee_market,
            hold_reason=order.hold_reason if order.status == "on_hold" else None,
            exceptions=tuple(sorted(kinds)),
            reversal=order.reversal,
        )


def _fill(own: list[Receipt], amount: int, part: str) -> None:
    """Moves `amount` that waits into a part, earliest receipt first."""
    for receipt in own:
        moved = min(amount, receipt.waiting)
        receipt.waiting -= moved
        setattr(receipt, part, getattr(receipt, part) + moved)
        amount -= moved
    assert not amount
