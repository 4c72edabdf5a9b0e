"""Short words for tests of the model: a stage with one customer, times as `hh:mm`, amounts as text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from .catalogue import POLICIES, customer, default_model, minor
from .entities import BUY, CUSTOMER, Order, Receipt
from .model import Model, View
from .timing import SECOND, instant

FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(text: str, day: int = 0) -> int:
    """`hh:mm` or `hh:mm:ss` of the first day, or `day` days later."""
    parts = [int(part) for part in text.split(":")] + [0]
    return instant(FIRST_DAY + timedelta(days=day, hours=parts[0], minutes=parts[1], seconds=parts[2]))


class Stage:
    """The worked examples' world: USDC on polygon at 0.90 promised, then 0.95; selling at 0.88, then 0.80."""

    def __init__(self, level: int = 2, now: str = "10:00", **policy: Any) -> None:
        policies = {name: replace(each, **policy) for name, each in POLICIES.items()} if policy else None
        self.model: Model = default_model(at(now), policies=policies)
        self.model.customers["c"] = customer("c", level)
        self.buy_price("0.90")
        self.sell_price("0.88")
        self.count = 0

    def buy_price(self, text: str | None, fiat: str = "EUR", coin: str = "USDC.polygon") -> None:
        self.model.prices[(coin, fiat, "buy")] = Fraction(text) if text else None

    def sell_price(self, text: str | None, fiat: str = "EUR", coin: str = "USDC.polygon") -> None:
        self.model.prices[(coin, fiat, "sell")] = Fraction(text) if text else None

    def backdating(self, method: str, seconds: int) -> None:
        """Changes the backdating of a method's source."""
        terms = self.model.methods[method]
        self.model.methods[method] = replace(terms, source=replace(terms.source, backdating_seconds=seconds))

    def buy(self, amount: str = "1000.00", method: str = "ESP.transfer", name: str = "o", coin: str = "USDC.polygon", **more: Any) -> Order:
        decimals = self.model.fiats[self.model.methods[method].fiat].decimals
        return self.model.create_order(name, more.pop("who", "c"), method, coin, minor(amount, decimals), **more)

    def sell(self, amount: str = "500", name: str = "s", coin: str = "USDC.polygon", country: str = "ESP", **more: Any) -> Order:
        terms = self.model.coins[coin]
        method = f"{country}.selling.{terms.chain}"
        return self.model.create_order(name, more.pop("who", "c"), method, coin, minor(amount, terms.decimals), **more)

    def fact(self, order: Order | str, amount: str, reported: int | str | None = None, **more: Any) -> Receipt:
        """A receipt for an order, seen now; its time is `reported`, or now."""
        self.count += 1
        named = self.model.orders[order] if isinstance(order, str) else order
        asset = more.pop("asset", named.asset_in)
        decimals = more.pop("decimals", named.fiat.decimals if named.side == BUY else named.coin.decimals)
        source = more.pop("source", named.method.source.name)
        last, interrupted = self.model.reading_before(named.method.source, self.model.now)
        return Receipt(
            more.pop("key", f"r{self.count:03}"), asset, minor(amount, decimals), source, self.model.now if reported is None else reported,
            self.model.now, last, interrupted, more.pop("payer", CUSTOMER), named=more.pop("named", (named.id,)), **more,
        )

    def pay(self, order: Order | str, amount: str, reported: int | str | None = None, **more: Any) -> Receipt:
        """Tells and applies it."""
        receipt = self.fact(order, amount, reported, **more)
        self.model.receive(receipt)
        return receipt

    def read(self, order: Order | str, begun: int | None = None, good: bool = True) -> None:
        """A reading of an order's source."""
        named = self.model.orders[order] if isinstance(order, str) else order
        self.model.reading(named.method.source.name, self.model.now if begun is None else begun, good)
        self.model.settle()

    def later(self, text: str, day: int = 0, readings: bool = True) -> None:
        """Time goes on to `hh:mm`; with `readings` every source is read at that moment too."""
        self.model.now = at(text, day)
        if readings:
            for source in {method.source.name for method in self.model.methods.values()}:
                self.model.reading(source, self.model.now)
        self.model.settle()

    def view(self, order: Order | str) -> View:
        return self.model.view(order if isinstance(order, str) else order.id)


def coins(text: str, decimals: int = 6) -> int:
    """Coins as text to base units."""
    return minor(text, decimals)


def euro(text: str) -> int:
    """Money as text to cents."""
    return minor(text, 2)


def seconds(count: int) -> int:
    """Seconds to microseconds."""
    return count * SECOND
