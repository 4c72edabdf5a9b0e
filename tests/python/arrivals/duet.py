"""One world, several lanes: every operation is played on the binary and on the lane's model, then both are compared."""

from __future__ import annotations

import copy
import time
from collections import Counter
from dataclasses import asdict, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .binary import STORED_WITHIN, LaneState, World, is_default, show_time
from .compare import Difference, rows
from .mirror import Mirror
from .operations import (
    WORLD, Assign, Blocks, Buy, Catalogue, Chargeback, Clock, Deposit, Operate, Operation, Outage, Pay, Price, Register, Reorg, Sell, Silence,
    Standing, Tainted, Transfer,
)
from .players import MARKETS
from .shown import Books
from .views import view_of
from .watch import Watch

Program = list[Operation]
SKIP = "skip"
WHOLE_EVERY = 50
"""After how many steps orders are compared that nobody says have changed."""
REPORTED_ONCE = ("PAY_IN", "COINS_SENT", "CRYPTO_RECEIVED", "RAMPOFF_FINISHED")


class Duet:
    """The binary's world and the models of the lanes."""

    def __init__(self, world: World, seeds: list[int], fields: list[str], lenient: bool, patience: float) -> None:
        self.world, self.fields, self.lenient, self.patience = world, fields, lenient, patience
        world.reset()
        for (coin, fiat), price in MARKETS.items():
            world.price(coin, fiat, price)
        self.watch = Watch(world)
        now = self.began = world.now()
        self.mirrors = {seed: Mirror(now) for seed in seeds}
        self.lanes = {seed: LaneState() for seed in seeds}
        world.lanes += self.lanes.values()
        self.height = world.blocks("polygon", 1)
        for mirror in self.mirrors.values():
            mirror.height = self.height
        self.books = Books(world, self.watch)
        self.boards: list[tuple[float, dict[tuple[str, str], tuple[Fraction | None, Fraction | None]]]] = []
        """The latest prices, and since when they are shown."""
        self.failed: set[int] = set()
        self.names: dict[str, tuple[int, str]] = {}
        """Seed and name of the binary's orders."""
        self.stops = 0
        """How often the binary had stopped sending."""
        self.look: set[tuple[int, str]] = set()
        """Orders that may show something else than before."""
        self.underway: dict[tuple[int, str], float] = {}
        """Orders for which the binary waits for an answer from outside, and since when."""
        self.played = self.skipped = self.refused = 0
        self.end_of_round()

    @property
    def counts(self) -> tuple[int, int, int]:
        """Operations of lanes that were played, skipped, and refused by both."""
        return self.played, self.skipped, self.refused

    # --- steps ---

    def step(self, number: int, happened: Operation | None, operations: dict[int, list[Operation]]) -> list[Difference]:
        """What happens to everybody, then what each lane does; where a lane differs for the first time."""
        found: list[Difference] = []
        if happened is not None:
            if isinstance(happened, Outage) and happened.on and self.underway:
                # What is not answered now is answered when the outage has ended.
                found += self.compare(number, patiently=True)
            self.happen(happened)
            self.end_of_round()
            found += self.compare(number)
        for turn in range(max((len(each) for each in operations.values()), default=0)):
            for seed, each in operations.items():
                if seed not in self.failed and turn < len(each):
                    found += self.play(number, seed, each[turn], self.world.about_now())
            self.end_of_round()
            found += self.compare(number)
        return found + (self.compare_everything(number) if number % WHOLE_EVERY == WHOLE_EVERY - 1 else [])

    def agreeing(self) -> list[tuple[int, Mirror]]:
        """The lanes that have not differed, with their models. The others are played no more."""
        return [(seed, mirror) for seed, mirror in self.mirrors.items() if seed not in self.failed]

    def end_of_round(self) -> None:
        """Waits until the binary is quiet, and lets the models rest at the same time with the same prices."""
        prices = {market: self.world.market(*market) for market in MARKETS}
        self.world.quiet()
        now = self.world.now()
        if not self.boards or self.boards[-1][1] != prices:
            self.boards.append((time.monotonic(), prices))
        self.books.saw(now, {
            market: (Decimal(buy.numerator) / buy.denominator, Decimal(sell.numerator) / sell.denominator)
            for market, (buy, sell) in prices.items() if buy is not None and sell is not None
        })
        for _, mirror in self.agreeing():
            mirror.model.now = max(mirror.model.now, now)
            mirror.prices_silent_since = None
            mirror.prices = {}
            for (coin, fiat), (buy, sell) in prices.items():
                mirror.set_price(coin, fiat, buy, sell)
            kept, mirror.prices = mirror.prices, {}
            mirror.quiet(now)
            mirror.prices = kept

    def happen(self, operation: Operation) -> None:
        """What happens to everybody."""
        if isinstance(operation, Clock):
            # The models settle at the end of the round, with the prices of the new moment.
            self.world.clock(operation.seconds)
        elif isinstance(operation, Price):
            self.world.price(operation.coin, operation.fiat, operation.price)
        elif isinstance(operation, Silence):
            self.world.silence(operation.on)
        elif isinstance(operation, Outage):
            self.world.outage(operation)
            self._mirrors(operation)
        elif isinstance(operation, Catalogue):
            self.world.restart(operation)
            self._mirrors(operation)
        elif isinstance(operation, Blocks):
            self.height = self.world.blocks(operation.chain, operation.count)
            for _, mirror in self.agreeing():
                mirror.height = self.height - operation.count
            self._mirrors(operation)
        elif isinstance(operation, Reorg):
            self._reorganise(operation)

    def _mirrors(self, operation: Operation) -> None:
        now = self.world.now()
        for _, mirror in self.agreeing():
            mirror.model.now = max(mirror.model.now, now)
            mirror.play(operation)

    def _reorganise(self, operation: Reorg) -> None:
        depth = min(operation.depth, self.height)
        common = self.height - depth
        drop = [
            self.lanes[seed].deposits[deposit.key]
            for seed, mirror in self.agreeing()
            for deposit in mirror.deposits
            if deposit.operation.doomed and deposit.height is not None and deposit.height > common and not deposit.confirmed
        ]
        self.height = self.world.reorg(operation.chain, depth, drop)
        for _, mirror in self.agreeing():
            mirror.reorganise(common, self.height)
            mirror.model.settle()

    # --- one operation of a lane ---

    def play(self, number: int, seed: int, operation: Operation, now: int) -> list[Difference]:
        """Plays it on both, and compares what they answer."""
        mirror, lane = self.mirrors[seed], self.lanes[seed]
        # The sandbox's processors report a capture when it is made, and its blocks have the time at which they are made.
        if isinstance(operation, Pay):
            operation = replace(operation, booked=("now", 0))
        elif isinstance(operation, Deposit):
            operation = replace(operation, block_time=None)
        mirror.model.now = max(mirror.model.now, now)
        answer = self._on_binary(lane, mirror, operation)
        if answer == SKIP:
            self.skipped += 1
            return []
        self.played += 1
        expected = self._commanded(seed, operation) if isinstance(operation, (Operate, Assign)) else mirror.play(operation)
        if isinstance(operation, (Buy, Sell)) and answer is None and expected is None:
            mirror.created(operation.order, lane.orders[operation.order].created)
            self.names[lane.orders[operation.order].id] = (seed, operation.order)
        if isinstance(operation, Deposit):
            mirror.deposits[-1].txid = lane.deposits[operation.key]
        if answer and expected:
            self.refused += 1
        # Any of several reasons may be given for a refusal; without a price, others can be given that need none.
        exact = isinstance(operation, (Buy, Sell)) and expected != "price_unavailable"
        same = answer == expected if exact else (answer is None) == (expected is None)
        if same:
            return []
        self.failed.add(seed)
        if "answer" not in self.fields:
            return []
        about = getattr(operation, "order", getattr(operation, "customer", type(operation).__name__))
        return [Difference(seed, number, f"{type(operation).__name__} {about}", [("answer", expected, answer)])]

    def _commanded(self, seed: int, operation: Operate | Assign) -> str | None:
        """Plays a person's command on the model: at the present prices, or at those of a moment ago if that is what the binary shows.

        A command is a process of its own and decides at the prices that were stored last, some seconds old at most (7).
        """
        mirror, order = self.mirrors[seed], operation.order
        since = time.monotonic() - STORED_WITHIN
        while len(self.boards) > 1 and self.boards[1][0] < since:
            self.boards.pop(0)
        before = copy.deepcopy(mirror) if len(self.boards) > 1 else None
        expected = mirror.play(operation)
        if before is None or self._shows(mirror, seed, order):
            return expected
        for _, prices in reversed(self.boards[:-1]):
            other = copy.deepcopy(before)
            for (coin, fiat), (buy, sell) in prices.items():
                other.set_price(coin, fiat, buy, sell)
            answer = other.play(operation)
            if self._shows(other, seed, order):
                self.mirrors[seed] = other
                return answer
        return expected

    def _shows(self, mirror: Mirror, seed: int, order: str) -> bool:
        """Whether the binary shows the model's amounts of an order."""
        shown = view_of(self.world.read(self.lanes[seed].orders[order]), mirror.model.orders[order])
        return bool(shown["decided"] == mirror.model.view(order).decided)

    def _on_binary(self, lane: LaneState, mirror: Mirror, operation: Operation) -> str | None:
        world = self.world
        match operation:
            case Register():
                world.register(lane, operation)
                return None
            case Buy():
                return world.buy(lane, operation)
            case Sell():
                return world.sell(lane, operation)
            case Transfer():
                return world.transfer(lane, operation, self._reported_time(mirror, operation.booked, operation.account_of))
            case Pay():
                return world.pay(lane, operation)
            case Chargeback():
                return world.chargeback(lane, operation.order)
            case Deposit():
                return world.deposit(lane, operation)
            case Operate():
                return world.operate(lane, operation)
            case Standing():
                return world.standing(lane, operation)
            case Assign():
                return self._assign(lane, mirror, operation)
            case Tainted():
                return SKIP  # The sandbox has no list of senders' screenings by receipt.
        raise AssertionError(operation)

    def _reported_time(self, mirror: Mirror, moment: tuple[str, int] | None, order: str) -> int | str | None:
        terms = mirror.model.orders.get(order)
        return None if moment is None or terms is None or is_default(moment) else mirror.moment(moment, terms)

    def _assign(self, lane: LaneState, mirror: Mirror, operation: Assign) -> str | None:
        receipt = mirror.model.receipts.get(operation.key)
        if receipt is None or not receipt.aside:
            return SKIP
        decimals = mirror.model.fiats[receipt.asset].decimals if receipt.asset in mirror.model.fiats else mirror.model.coins[receipt.asset].decimals
        return self.world.assign(lane, operation.order, receipt.order, f"{receipt.aside / 10**decimals:.{decimals}f}")

    # --- comparing ---

    def compare(self, number: int, patiently: bool = False) -> list[Difference]:
        """Lanes that differ for the first time, among the orders that may show something new.

        A difference may take a while to go away: slow workers. It is waited for; where an answer from outside is underway only
        with `patiently`, else the lanes go on and it is looked at again.
        """
        end = time.monotonic() + self.patience
        self.look |= self._changed() | set(self.underway)
        found = self._differences(number)
        has_asked = False
        while any(patiently or not each.is_underway() for each in found) and time.monotonic() < end:
            time.sleep(0.05)
            if not has_asked and time.monotonic() > end - self.patience / 2:
                has_asked = True
                self.stops += self.world.go_on()
            self.look = {(each.seed, each.order) for each in found} | self._changed()
            found = self._differences(number)
        now, before = time.monotonic(), self.underway
        self.underway = {(each.seed, each.order): before.get((each.seed, each.order), now) for each in found if each.is_underway()}
        lasting: dict[int, Difference] = {}
        for each in found:
            if patiently or now - self.underway.get((each.seed, each.order), 0) > self.patience:
                lasting.setdefault(each.seed, each)
        self.look = set()
        self.failed |= set(lasting)
        return list(lasting.values())

    def compare_everything(self, number: int) -> list[Difference]:
        """The same for all orders of those who play."""
        shown = self.watch.everything(show_time(self.began))
        for seed, mirror in self.agreeing():
            unconfirmed = mirror.unconfirmed()
            for name, order in self.lanes[seed].orders.items():
                if order.id not in shown or self._difference(number, seed, name, unconfirmed, shown[order.id]):
                    self.look.add((seed, name))
        return self.compare(number, patiently=True)

    def _changed(self) -> set[tuple[int, str]]:
        """The orders that the binary or a model says have changed."""
        found = {self.names[about] for about in self.watch.changed() if about in self.names}
        for seed, mirror in self.agreeing():
            found |= {(seed, name) for name in mirror.model.touched}
            mirror.model.touched = set()
        return found

    def _differences(self, number: int) -> list[Difference]:
        found = []
        for seed, mirror in self.agreeing():
            names = sorted(name for each, name in self.look if each == seed)
            unconfirmed = mirror.unconfirmed() if names else set()
            for name in names:
                different = self._difference(number, seed, name, unconfirmed, self.world.read(self.lanes[seed].orders[name]))
                if different:
                    found.append(different)
        return found

    def _difference(self, number: int, seed: int, name: str, unconfirmed: set[str], shown: dict[str, Any]) -> Difference | None:
        model = self.mirrors[seed].model
        mine, theirs = model.view(name), view_of(shown, model.orders[name])
        differing = rows(mine, theirs, self.fields, self.lenient)
        if name in unconfirmed:
            # Whether coins that are not final are shown as received, the rules leave open.
            differing = [row for row in differing if row[0] != "received"]
        return Difference(seed, number, name, differing, asdict(mine), theirs) if differing else None

    def properties(self) -> list[Difference]:
        """What must hold of what is shown, also where the model says otherwise."""
        found = [
            Difference(seed, -1, name, [(what, allowed, shown)])
            for seed, lane in self.lanes.items() for name, what, allowed, shown in self.books.complaints(lane)
        ]
        if self.stops:
            found.append(Difference(min(self.lanes), -1, "everything", [("sending is stopped", "never", f"{self.stops} times")]))
        everywhere = self.books.left_once(list(self.lanes.values()))
        found += [Difference(min(self.lanes), -1, name, [(what, allowed, shown)]) for name, what, allowed, shown in everywhere]
        return found

    def ends(self) -> list[Difference]:
        """Compares everything once more, and 6.4 (each event once), for every lane that agreed so far."""
        found = self.compare_everything(-1)
        if "events" not in self.fields:
            return found
        self.watch.changed()
        reported = self.watch.reported
        for seed, mirror in self.agreeing():
            for name, order in self.lanes[seed].orders.items():
                mine = Counter(event.kind for event in mirror.model.events if event.order == name and event.kind in REPORTED_ONCE)
                theirs = Counter({kind: reported[(order.id, kind)] for kind in REPORTED_ONCE if reported[(order.id, kind)]})
                if mine != theirs:
                    self.failed.add(seed)
                    found.append(Difference(seed, -1, name, [("events", dict(mine), dict(theirs))]))
                    break
        return found


def of_lane(schedule: list[Operation | None], lane: list[list[Operation]], step: int) -> Program:
    """Everything that happened to one lane up to a step, one after the other."""
    program: Program = []
    for happened, operations in zip(schedule[: step + 1], lane[: step + 1], strict=True):
        program += [operation for operation in [happened, *operations] if operation is not None]
    return program


def play_program(world: World, program: Program, fields: list[str], lenient: bool, patience: float) -> Difference | None:
    """Plays one lane alone, with customers of its own; its first difference."""
    seed = 0
    duet = Duet(world, [seed], fields, lenient, patience)
    for number, operation in enumerate(program):
        is_world = isinstance(operation, WORLD)
        found = duet.step(number, operation if is_world else None, {seed: [] if is_world else [operation]})
        if found:
            return found[0]
    found = duet.ends()
    return found[0] if found else None

