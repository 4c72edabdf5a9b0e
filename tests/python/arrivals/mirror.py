"""Plays operations on the model: one mirror for the customers of one seed.

Alone it keeps a clock, prices and blocks of its own, for tests of the model. Beside a real binary the runner passes it the
exact times, prices and heights that the binary's world shows.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from .catalogue import customer, default_model, minor
from .entities import Order, Receipt, Refusal
from .model import Model
from .operations import (
    Assign, Blocks, Buy, Catalogue, Chargeback, Clock, Deposit, Moment, Operate, Operation, Outage, Pay, Price, Register, Reorg, Sell, Silence,
    Standing, Tainted, Transfer,
)
from .timing import DATE_ONLY, SECOND

SPREAD_BASIS_POINTS = 90
STALE_AFTER_SECONDS = 60
LATENCY = SECOND // 100
"""Alone, every operation takes a hundredth of a second: no two facts have the same time by accident."""


@dataclass
class InBlock:
    """A deposit of the world: in a block of that height, or waiting for one."""

    operation: Deposit
    key: str
    height: int | None = None
    forgotten: bool = False
    confirmed: bool = False
    txid: str = ""


CONFIRMATIONS = 5
"""How many make coins of the played chain final."""


@dataclass
class GoingBack:
    """Coins on their way back: in a block of that height, or waiting for one."""

    key: str
    height: int | None = None


class Mirror:
    """The model of one lane, and the part of the world that the lane sees."""

    def __init__(self, now: int, model: Model | None = None) -> None:
        self.model = model or default_model(now)
        self.bank_is_silent = False
        self.unread: list[Receipt] = []
        self.deposits: list[InBlock] = []
        self.returns: list[GoingBack] = []
        self.height = 0
        self.prices: dict[tuple[str, str], tuple[Fraction, Fraction]] = {}
        self.prices_silent_since: int | None = None

    # --- the world ---

    def play(self, operation: Operation) -> str | None:
        """Plays one operation; the code of a request that is refused."""
        self.model.now += LATENCY
        try:
            getattr(self, f"_{type(operation).__name__.lower()}")(operation)
        except Refusal as refusal:
            return refusal.code
        finally:
            self.model.settle()
        return None

    def quiet(self, now: int | None = None) -> None:
        """Everything that works by itself has worked: sources are read, what may leave has left."""
        self.model.now = max(self.model.now + LATENCY, now or 0)
        self._show_prices()
        for source in {method.source.name: method.source for method in self.model.methods.values()}.values():
            if source.has_readings:
                self.model.reading(source.name, self.model.now, not (self.bank_is_silent and source.name.startswith("rail ")))
        for _ in range(2):
            self.model.settle()
            self.model.play_outside(bank=not self.bank_is_silent, chain=False)
        known = {each.key for each in self.returns}
        self.returns += [
            GoingBack(receipt.key) for receipt in self.model.receipts.values()
            if receipt.returning and receipt.source.startswith("chain ") and receipt.key not in known
        ]

    def _clock(self, operation: Clock) -> None:
        self.model.now += operation.seconds * SECOND

    def _price(self, operation: Price) -> None:
        middle = Fraction(operation.price)
        spread = Fraction(SPREAD_BASIS_POINTS, 10_000)
        self.set_price(operation.coin, operation.fiat, middle * (1 + spread), middle * (1 - spread))

    def set_price(self, coin: str, fiat: str, buy: Fraction | None, sell: Fraction | None) -> None:
        """What the market shows, spread inside; `None` where it is stale."""
        if buy is not None and sell is not None:
            self.prices[(coin, fiat)] = (buy, sell)
        self.model.prices[(coin, fiat, "buy")], self.model.prices[(coin, fiat, "sell")] = buy, sell

    def _show_prices(self) -> None:
        silent = self.prices_silent_since
        stale = silent is not None and self.model.now - silent > STALE_AFTER_SECONDS * SECOND
        for (coin, fiat), (buy, sell) in self.prices.items():
            self.set_price(coin, fiat, None if stale else buy, None if stale else sell)

    def _silence(self, operation: Silence) -> None:
        self.prices_silent_since = self.model.now if operation.on else None
        self._show_prices()

    def _outage(self, operation: Outage) -> None:
        self.bank_is_silent = operation.on
        if not operation.on:
            for receipt in self.unread:
                receipt.seen = self.model.now
                self.model.store(receipt)
            self.unread = []

    def _catalogue(self, operation: Catalogue) -> None:
        method = self.model.methods[operation.method]
        if operation.key == "enabled":
            self.model.methods[operation.method] = replace(method, enabled=operation.value == "true")
        else:
            assert operation.key == "fee_basis_points"
            self.model.methods[operation.method] = replace(method, fee_basis_points=int(operation.value))

    def _blocks(self, operation: Blocks) -> None:
        for deposit in self.deposits:
            if deposit.height is None and not deposit.forgotten:
                deposit.height = self.height + 1
                self._into_block(deposit)
        for each in self.returns:
            each.height = each.height or self.height + 1
        self.height += operation.count
        self.confirm()

    def confirm(self) -> None:
        """Deposits with enough confirmations are final."""
        for deposit in self.deposits:
            if not deposit.confirmed and self._is_final(deposit.height):
                deposit.confirmed = True
                self.model.deposit_confirmed(deposit.key)
        for each in [each for each in self.returns if self._is_final(each.height)]:
            self.returns.remove(each)
            self.model.return_settled(self.model.receipts[each.key])

    def _is_final(self, height: int | None) -> bool:
        return height is not None and self.height - height + 1 >= CONFIRMATIONS

    def unconfirmed(self) -> set[str]:
        """Orders with deposits that are not final."""
        return {deposit.operation.order for deposit in self.deposits if not deposit.confirmed}

    def _into_block(self, deposit: InBlock) -> None:
        if deposit.key in self.model.in_blocks:
            self.model.deposit_mined_again(deposit.key)
            return
        operation = deposit.operation
        order = self.model.orders[operation.order]
        coin = self.model.coins[operation.coin]
        block_time = self.moment(operation.block_time, order) if operation.block_time else self.model.now
        last, interrupted = self.model.reading_before(order.method.source, self.model.now)
        assert isinstance(block_time, int)
        self.model.deposit_seen(Receipt(
            deposit.key, coin.asset, minor(operation.amount, coin.decimals), f"chain {coin.chain}", block_time, self.model.now, last, interrupted,
            named=(order.id,), first_block=block_time, returnable=False, place=deposit.txid,
        ))

    def _reorg(self, operation: Reorg) -> None:
        self.reorganise(self.height - operation.depth, self.height)

    def reorganise(self, common: int, new_height: int) -> None:
        """Blocks above `common` are undone; the new fork ends at `new_height`."""
        for deposit in self.deposits:
            if deposit.height is not None and deposit.height > common and not deposit.confirmed:
                deposit.height, deposit.forgotten = None, deposit.operation.doomed
                self.model.deposit_dropped(deposit.key)
        for each in self.returns:
            if each.height is not None and each.height > common:
                each.height = None
        self.height = new_height
        self.confirm()

    # --- customers ---

    def moment(self, moment: Moment, order: Order) -> int | str:
        """When the outside says it was; never after now."""
        base, seconds = moment
        if base == "date":
            return DATE_ONLY
        start = {"now": self.model.now, "created": order.created, "held": order.held_until, "open": order.open_until}[base]
        return min(start + seconds * SECOND, self.model.now)

    def _register(self, operation: Register) -> None:
        self.model.customers[operation.customer] = customer(operation.customer, operation.level)

    def _buy(self, operation: Buy) -> None:
        method = self.model.methods[operation.method]
        self.model.create_order(
            operation.order, operation.customer, operation.method, operation.coin, minor(operation.amount, self.model.fiats[method.fiat].decimals),
            refund_destination=operation.refund_account,
        )

    def _sell(self, operation: Sell) -> None:
        coin = self.model.coins[operation.coin]
        self.model.create_order(
            operation.order, operation.customer, f"ESP.selling.{coin.chain}", operation.coin, minor(operation.amount, coin.decimals),
            refund_destination=operation.refund_wallet,
        )

    def created(self, order_id: str, created: int) -> None:
        """The exact time at which the binary created an order."""
        order = self.model.orders[order_id]
        shift = created - order.created
        order.created, order.held_until, order.open_until = created, order.held_until + shift, order.open_until + shift
        assert order.counted_ordered is not None
        amount = order.counted_ordered.amount
        self.model.give_back_counts(order)
        order.counted_ordered = self.model.windows.count(self.model.customers[order.customer], order.fiat.symbol, created, amount)

    def _transfer(self, operation: Transfer) -> None:
        order = self.model.orders.get(operation.account_of)
        if order is None:
            return
        last, interrupted = self.model.reading_before(order.method.source, self.model.now)
        own_account = order.method.kind == "virtual_account"
        receipt = Receipt(
            operation.key, order.fiat.symbol, minor(operation.amount, order.fiat.decimals), order.method.source.name,
            self.moment(operation.booked, order), self.model.now, last, interrupted or self.bank_is_silent, operation.payer,
            named=tuple(name for name in operation.named if name in self.model.orders), account_of=order.customer if own_account else None,
        )
        if self.bank_is_silent:
            self.unread.append(receipt)
        else:
            self.model.store(receipt)

    def _pay(self, operation: Pay) -> None:
        order = self.model.orders.get(operation.order)
        if order is None:
            return
        self.model.store(Receipt(
            operation.key, order.fiat.symbol, minor(operation.amount, order.fiat.decimals), order.method.source.name,
            self.moment(operation.booked, order), self.model.now, named=(order.id,),
        ))

    def _chargeback(self, operation: Chargeback) -> None:
        captures = [receipt for receipt in self.model.receipts.values() if receipt.order == operation.order]
        if captures:
            self.model.reversal(captures[-1].key)

    def _deposit(self, operation: Deposit) -> None:
        if operation.order in self.model.orders and Decimal(operation.amount) > 0:
            self.deposits.append(InBlock(operation, operation.key))

    # --- operators ---

    def _operate(self, operation: Operate) -> None:
        order = self.model.orders.get(operation.order)
        if order is None:
            raise Refusal("order_not_found")
        if operation.command == "hold":
            self.model.hold_order(order)
        elif operation.command == "refund":
            self.model.refund(order)
        elif operation.command == "release":
            self.model.release(order)
        else:
            self.model.cancel(order)

    def _assign(self, operation: Assign) -> None:
        receipt, order = self.model.receipts.get(operation.key), self.model.orders.get(operation.order)
        if receipt is None or order is None:
            raise Refusal("not_in_suspense")
        before = copy.deepcopy(self.model)
        self.model.assign(receipt, order, right=True)
        if self.model.passes_window(order):
            self.model = before
            raise Refusal("limit")

    def _standing(self, operation: Standing) -> None:
        who = self.model.customers[operation.customer]
        if operation.change.startswith("level "):
            self.model.set_level(operation.customer, int(operation.change[-1]))
        elif operation.change in ("ban", "unban"):
            self.model.ban(operation.customer) if operation.change == "ban" else self.model.unban(operation.customer)
        else:
            who.identity_valid = operation.change == "verify"

    def _tainted(self, operation: Tainted) -> None:
        receipt = self.model.receipts.get(operation.key)
        if receipt is not None and receipt.applied:
            self.model.receipt_hit(operation.key)

