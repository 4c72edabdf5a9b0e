"""What the rules give for an amount, by hand: a share at the promise, a share at the market, each rounded by itself."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext

CENT = Decimal("0.01")


def bought(
    promised: str, promise: str, late: str = "0", market: str = "1",
    basis_points: int = 25, network: str = "0.02", fixed: str = "0", decimals: int = 6,
) -> Decimal:
    """The coins for so much money at the promise and so much at the market; by transfer unless said."""
    first, second = Decimal(promised), Decimal(late)
    once = Decimal(fixed) + Decimal(network)
    unit = Decimal(1).scaleb(-decimals)
    shares = ((first, promise, once if first else 0), (second, market, 0 if first else once))
    with localcontext(prec=60):
        coins = (_down((amount - _fee(amount, basis_points) - fees) / Decimal(price), unit) for amount, price, fees in shares if amount)
        return sum(coins, Decimal(0))


def sold(
    promised: str, promise: str, late: str = "0", market: str = "1", basis_points: int = 50, network: str = "0.02", fixed: str = "0.50",
) -> Decimal:
    """The money for so many coins at the promise and so many at the market."""
    shares = [_down(Decimal(coins) * Decimal(price), CENT) for coins, price in ((promised, promise), (late, market))]
    return sum((gross - _fee(gross, basis_points) for gross in shares), Decimal(0)) - Decimal(fixed) - Decimal(network)


def _fee(amount: Decimal, basis_points: int) -> Decimal:
    return (amount * basis_points / 10_000).quantize(CENT, ROUND_CEILING)


def _down(value: Decimal, unit: Decimal) -> Decimal:
    return value.quantize(unit, ROUND_FLOOR)
