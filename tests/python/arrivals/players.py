"""Customers who try to win, and the world around them: seeded generators of operations.

`world(seed, steps)` makes what everybody sees, `Lane(seed)` the customers of one seed, who know the world's clock. Each trick
names the rules that it tries, so that a run can leave out what is not built yet; 3.1, 3.3, 3.4 and 2.6 also name amounts:
inside the tolerance, short, over, and dust.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal

from .operations import (
    Assign, Blocks, Buy, Catalogue, Chargeback, Clock, Deposit, Moment, Operate, Operation, Outage, Pay, Price, Register, Reorg, Sell, Silence,
    Standing, Tainted, Transfer,
)

MARKETS = {("USDC.polygon", "EUR"): "0.9", ("ETH.polygon", "EUR"): "2900", ("USDC.polygon", "MXN"): "18"}
"""The middles of the markets at the start."""

METHODS = {"ESP": ("ESP.transfer", "ESP.card"), "MEX": ("MEX.SPEI", "MEX.OXXO")}
FIATS = {"ESP": "EUR", "MEX": "MXN"}
COMMON_AMOUNTS = {"EUR": ("20", "100", "480", "990", "1000", "2500"), "MXN": ("400", "500", "2000", "19900", "20000", "45000")}
CAPS = {"EUR": Decimal(5), "MXN": Decimal(100)}
HOLD_SECONDS = {"ESP.transfer": 3600, "ESP.card": 1800, "MEX.SPEI": 3600, "MEX.OXXO": 0, "sell": 3600}

WORLD_TRICKS = {
    # Name: weight, rules.
    "quiet": (40, ()),
    "blocks": (25, ()),
    "clock": (12, ("1.2", "1.3", "1.5")),
    "price": (10, ("3.5",)),
    "silence": (2, ("3.5",)),
    "outage": (3, ("1.4",)),
    "reorg": (2, ("1.1",)),
    "catalogue": (1, ("3.6", "4.1")),
}
REPORTED_TOGETHER = "reported-together"
"""The one trick that is no trick of its own: while a bank is silent, times other than the present and texts that name several."""
JUMPS = (40, 600, 1750, 1850, 3550, 3700, 7300, 26_000, 86_000, 90_000, 200_000, 605_000, 1_300_000)


def world(seed: int, steps: int, without: frozenset[str] = frozenset()) -> list[Operation | None]:
    """What happens to everybody, one entry for each step."""
    source = random.Random(f"world {seed}")
    tricks = {name: weight for name, (weight, rules) in WORLD_TRICKS.items() if name not in without and not without & set(rules)}
    schedule: list[Operation | None] = [Price(coin, fiat, price) for (coin, fiat), price in MARKETS.items()]
    troubled: list[Operation] = []
    while len(schedule) < steps:
        if troubled and source.random() < 0.35:
            schedule.append(troubled.pop())
            continue
        trick = source.choices(list(tricks), list(tricks.values()))[0]
        schedule.append(_world_trick(source, trick, troubled))
    return schedule[: max(steps - len(troubled), 0)] + list(troubled)


def _world_trick(source: random.Random, trick: str, troubled: list[Operation]) -> Operation | None:
    if trick == "blocks":
        return Blocks("polygon", source.choice((1, 1, 2, 6)))
    if trick == "clock":
        return Clock(source.choice(JUMPS) + source.randrange(20))
    if trick == "price":
        (coin, fiat), middle = source.choice(list(MARKETS.items()))
        return Price(coin, fiat, str((Decimal(middle) * source.randrange(80, 125) / 100).normalize()))
    if trick == "silence" and not any(isinstance(each, Silence) for each in troubled):
        troubled.append(Silence(False))
        return Silence(True)
    if trick == "outage" and not any(isinstance(each, Outage) for each in troubled):
        troubled.append(Outage("bank", False))
        return Outage("bank", True)
    if trick == "reorg":
        return Reorg("polygon", source.choice((1, 2, 3)))
    if trick == "catalogue":
        if source.random() < 0.5:
            return Catalogue("ESP.transfer", "fee_basis_points", str(source.choice((25, 40))))
        troubled.append(Catalogue("MEX.SPEI", "enabled", "true"))
        return Catalogue("MEX.SPEI", "enabled", "false")
    return None


@dataclass
class Seen:
    """What a player remembers of an order of its own."""

    name: str
    customer: str
    method: str
    fiat: str
    coin: str
    amount: Decimal
    created: int
    paid: Decimal = Decimal(0)
    receipts: list[str] = field(default_factory=list)


class Lane:
    """The customers of one seed. `now` is the world's clock in seconds, as far as the schedule determines it."""

    def __init__(self, seed: int, without: frozenset[str] = frozenset()) -> None:
        self.source = random.Random(f"lane {seed}")
        self.now = 0
        self.orders: list[Seen] = []
        self.customers: dict[str, str] = {}
        self.count = 0
        self.banned: set[str] = set()
        self.levels: dict[str, int] = {}
        self.bank_is_silent = False
        self.meant: list[Operation] = []
        """What a trick still does, one operation in each step."""
        self.without = without
        self.tricks = {name: trick for name, trick in TRICKS.items() if name not in without and not without & set(trick[1])}

    def step(self, happened: Operation | None) -> list[Operation]:
        """What the customers do after what happened to everybody."""
        if isinstance(happened, Clock):
            self.now += happened.seconds
        if isinstance(happened, Outage):
            self.bank_is_silent = happened.on
        if not self.meant:
            self.meant = self.choose()
        return [self.meant.pop(0)]

    def choose(self) -> list[Operation]:
        """A trick."""
        if len(self.customers) < 2:
            return [self.register()]
        names = list(self.tricks)
        name = self.source.choices(names, [self.tricks[each][0] for each in names])[0]
        return self.tricks[name][2](self)

    # --- helpers ---

    def reported_together(self) -> bool:
        """Whether arrivals are reported together, so that tricks which depend on their order are left out."""
        return self.bank_is_silent and REPORTED_TOGETHER in self.without

    def latest(self) -> list[str]:
        """Those who play now: who came long ago is banned, charged back or at a limit by now."""
        return list(self.customers)[-4:]

    def name(self, kind: str) -> str:
        self.count += 1
        # Of one width, so that names sort as they were made: facts of the same moment are applied in the order of their keys.
        return f"{kind}{self.count:04}"

    def register(self) -> Register:
        customer = self.name("c")
        self.customers[customer] = self.source.choice(("ESP", "ESP", "MEX"))
        self.levels[customer] = self.source.choice((1, 1, 2))
        return Register(customer, self.customers[customer], self.levels[customer])

    def pick(self, *, buying: bool | None = None, method: str | None = None) -> Seen | None:
        """One of the latest orders."""
        fitting = [
            order for order in self.orders[-6:]
            if (buying is None or (order.method == "sell") != buying) and (method is None or order.method == method)
        ]
        unpaid = [order for order in fitting if order.paid < order.amount]
        if unpaid and self.source.random() < 0.8:
            fitting = unpaid
        return self.source.choice(fitting) if fitting else None

    def amount(self, order: Seen) -> Decimal:
        """How much somebody who tries to win would send."""
        lacks = order.amount - order.paid
        if lacks <= 0:
            lacks = order.amount
        cap = min(order.amount * Decimal("0.005"), CAPS[order.fiat])
        cent = Decimal("0.01")
        choices = [lacks] * 6
        if "3.1" not in self.without:
            choices += [lacks - cap, lacks + cap]
        if "3.3" not in self.without:
            choices += [lacks - cap - cent, lacks / 2, lacks / 3, CAPS[order.fiat] / 5]
        if "3.4" not in self.without:
            choices += [lacks + cap + cent, lacks * Decimal("1.5"), lacks * 3, order.amount]
        if "2.6" not in self.without:
            choices += [CAPS[order.fiat] / 5 - cent, Decimal("0.5")]
        return max(self.source.choice(choices), cent)

    def booked(self) -> Moment:
        """When the bank or processor says it was."""
        if "1.1" in self.without or self.reported_together():
            return ("now", 0)
        return self.source.choice((("now", 0), ("now", 0), ("now", 0), ("held", -30), ("held", 30), ("now", -300), ("now", -5000), ("date", 0)))

    def note(self, order: Seen, amount: Decimal, key: str) -> None:
        order.paid += amount
        order.receipts.append(key)


MAGIC = ("4444", "5555", "6666", "7777")
"""Last digits that trigger an outcome of the sandbox (docs/sandbox.md); no amount here may end with them by accident."""


def text(amount: Decimal, decimals: int = 2) -> str:
    """A decimal string, rounded down."""
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN)
    if str(rounded).replace(".", "").endswith(MAGIC):
        rounded += Decimal(1).scaleb(-decimals)
    return str(rounded)


# --- tricks: what a player does; name, weight and the rules it tries are in TRICKS ---


def order_to_buy(lane: Lane) -> list[Operation]:
    customer = lane.source.choice(lane.latest())
    country = lane.customers[customer]
    method = lane.source.choice(METHODS[country])
    fiat = FIATS[country]
    # Beyond the transaction limit only now and then: what is refused makes nothing happen.
    beyond = 0 if lane.levels[customer] > 1 or lane.source.random() < 0.2 else -1
    amount = lane.source.choice(COMMON_AMOUNTS[fiat][: beyond or None])
    coin = "ETH.polygon" if fiat == "EUR" and lane.source.random() < 0.2 else "USDC.polygon"
    order = Seen(lane.name("o"), customer, method, fiat, coin, Decimal(amount), lane.now)
    lane.orders.append(order)
    return [Buy(order.name, customer, method, amount, coin, lane.source.random() < 0.3)]


def two_of_one_amount(lane: Lane) -> list[Operation]:
    """2.3: two open orders of one amount on one account number."""
    first = order_to_buy(lane)
    assert isinstance(first[0], Buy)
    order = lane.orders[-1]
    counterpart = Seen(lane.name("o"), order.customer, order.method, order.fiat, order.coin, order.amount, lane.now)
    lane.orders.append(counterpart)
    return [*first, Buy(counterpart.name, counterpart.customer, counterpart.method, first[0].amount, counterpart.coin)]


def order_to_sell(lane: Lane) -> list[Operation]:
    spanish = [name for name in lane.latest() if lane.customers[name] == "ESP"]
    if not spanish:
        return order_to_buy(lane)
    customer = lane.source.choice(spanish)
    amount = lane.source.choice(("20", "100", "500", "1100"))
    order = Seen(lane.name("s"), customer, "sell", "EUR", "USDC.polygon", Decimal(amount), lane.now)
    lane.orders.append(order)
    return [Sell(order.name, customer, amount, "USDC.polygon", lane.source.random() < 0.5)]


def pay(lane: Lane, payer: str = "customer", amount: Decimal | None = None, booked: Moment | None = None) -> list[Operation]:
    order = lane.pick()
    if order is None:
        return order_to_buy(lane)
    amount = lane.amount(order) if amount is None else amount
    key = lane.name("r")
    lane.note(order, amount if payer == "customer" else Decimal(0), key)
    moment = lane.source.choice((("now", 0), ("now", 0), ("now", 0), booked or lane.booked()))
    if lane.reported_together():
        moment = ("now", 0)
    if order.method == "sell":
        lying = booked if booked and booked[0] != "date" else None
        return [Deposit(key, order.name, text(amount, 6), order.coin, lane.source.random() < 0.2, lying)]
    if order.method in ("ESP.card", "MEX.OXXO"):
        return [Pay(key, order.name, text(amount), ("now", 0) if moment[0] == "date" else moment)]
    named = () if order.method == "MEX.SPEI" else (order.name,)
    return [Transfer(key, order.name, text(amount), named, payer, moment)]


def cents_first(lane: Lane) -> list[Operation]:
    """2.6, 3.2: lock the price with cents."""
    return pay(lane, amount=Decimal("0.5"))


def flood_of_dust(lane: Lane) -> list[Operation]:
    return [operation for _ in range(4) for operation in pay(lane, amount=Decimal("0.3"))]


def stranger(lane: Lane) -> list[Operation]:
    return pay(lane, payer="stranger")


def old_time(lane: Lane) -> list[Operation]:
    """1.1: reported late with an old time, or with a lying block."""
    return pay(lane, booked=lane.source.choice((("held", -30), ("held", 30), ("now", -5000), ("created", -600))))


def date_only(lane: Lane) -> list[Operation]:
    return pay(lane, booked=("date", 0))


def other_asset(lane: Lane) -> list[Operation]:
    """2.2: another coin at an order's address."""
    order = lane.pick(buying=False)
    if order is None:
        return order_to_sell(lane)
    return [Deposit(lane.name("r"), order.name, text(order.amount, 6), "USDT.polygon")]


def two_references(lane: Lane) -> list[Operation]:
    """2.4: a text with several candidates."""
    if lane.reported_together():
        return pay(lane)
    orders = [order for order in lane.orders[-6:] if order.method == "ESP.transfer"]
    if len(orders) < 2:
        return order_to_buy(lane)
    first, second = lane.source.sample(orders, 2)
    key = lane.name("r")
    return [Transfer(key, first.name, text(lane.amount(first)), (first.name, second.name))]


def chargeback(lane: Lane) -> list[Operation]:
    order = lane.pick(method="ESP.card")
    return [Chargeback(order.name)] if order and order.receipts else pay(lane)


def pay_and_charge_back(lane: Lane) -> list[Operation]:
    """5.1: the stop against a call in flight."""
    order = lane.pick(method="ESP.card")
    if order is None or order.receipts:
        return order_to_buy(lane)
    key = lane.name("r")
    lane.note(order, order.amount, key)
    return [Pay(key, order.name, text(order.amount)), Chargeback(order.name)]


def operate(lane: Lane) -> list[Operation]:
    order = lane.pick()
    return [Operate(lane.source.choice(("release", "release", "refund", "hold", "cancel")), order.name)] if order else order_to_buy(lane)


def pay_and_cancel(lane: Lane) -> list[Operation]:
    """3.2: pay, then cancel."""
    order = lane.pick(buying=True)
    if order is None or order.method in ("ESP.card", "MEX.OXXO"):
        return order_to_buy(lane)
    key = lane.name("r")
    amount = order.amount / 2
    lane.note(order, amount, key)
    named = () if order.method == "MEX.SPEI" else (order.name,)
    return [Transfer(key, order.name, text(amount), named), Operate("cancel", order.name)]


def assign(lane: Lane) -> list[Operation]:
    order = lane.pick()
    if order is None or not order.receipts:
        return order_to_buy(lane)
    return [Assign(lane.source.choice(order.receipts), order.name)]


def standing(lane: Lane) -> list[Operation]:
    customer = lane.source.choice(lane.latest())
    if customer in lane.banned:
        lane.banned.discard(customer)
        return [Standing(customer, "unban")]
    change = lane.source.choice(("ban", "level 1", "level 2"))
    if change == "ban":
        lane.banned.add(customer)
    else:
        lane.levels[customer] = int(change[-1])
    return [Standing(customer, change)]


def newcomer(lane: Lane) -> list[Operation]:
    """Somebody without a history."""
    return [lane.register()]


def tainted(lane: Lane) -> list[Operation]:
    """2.1, 2.6: tainted dust, and tainted money that is needed."""
    order = lane.pick(buying=True)
    return [Tainted(lane.source.choice(order.receipts))] if order and order.receipts else pay(lane)


Trick = Callable[[Lane], list[Operation]]
TRICKS: dict[str, tuple[int, tuple[str, ...], Trick]] = {
    "order_to_buy": (22, (), order_to_buy),
    "order_to_sell": (7, (), order_to_sell),
    "two_of_one_amount": (3, ("2.3",), two_of_one_amount),
    "pay": (40, (), pay),
    "cents_first": (3, ("2.6",), cents_first),
    "flood_of_dust": (2, ("2.6",), flood_of_dust),
    "stranger": (3, ("2.1",), stranger),
    "old_time": (6, ("1.1",), old_time),
    "date_only": (3, ("1.1",), date_only),
    "other_asset": (2, ("2.2",), other_asset),
    "two_references": (2, ("2.4",), two_references),
    "chargeback": (2, ("5.1",), chargeback),
    "pay_and_charge_back": (2, ("5.1",), pay_and_charge_back),
    "operate": (6, ("7",), operate),
    "pay_and_cancel": (2, ("3.2",), pay_and_cancel),
    "assign": (2, ("2.1", "7"), assign),
    "standing": (3, ("4.3",), standing),
    "newcomer": (3, (), newcomer),
    "tainted": (1, ("2.1", "2.6"), tainted),
}


def program(seed: int, steps: int, schedule: list[Operation | None], without: frozenset[str] = frozenset()) -> list[list[Operation]]:
    """The operations of one lane, those of each step of the schedule: never more than one, so that all lanes keep step."""
    lane = Lane(seed, without)
    return [lane.step(happened) for happened in schedule[:steps]]
