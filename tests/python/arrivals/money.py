"""Money arithmetic: tolerance, minimums, fees, and what an amount becomes (rules 3.1, 3.4, 3.6, 9).

Units. An *amount* is an integer: minor units of a currency (cents) or base units of a coin. A *price* is a `Fraction`:
major units of the currency for one whole coin, our spread inside. *Basis points* are integers; 10,000 are the whole.
Nothing here is ever a float.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

WHOLE_BASIS_POINTS = 10_000


@dataclass(frozen=True)
class Fees:
    """What an order costs: `fixed` and `network` in minor units of the currency, and a share of what is exchanged."""

    fixed: int
    basis_points: int
    network: int


@dataclass(frozen=True)
class Pair:
    """The decimals of an order's currency and coin."""

    fiat_decimals: int
    coin_decimals: int


@dataclass(frozen=True)
class Outcome:
    """What an exchange gives.

    `at_promise` and `at_market` are the two shares of what the customer receives (coins of a purchase, money of a sale),
    each rounded by itself. `fee_promise` and `fee_market` are the fees kept of each part, in minor units of the currency.
    """

    at_promise: int
    at_market: int
    fee_promise: int
    fee_market: int

    @property
    def total(self) -> int:
        """What the customer receives, in base units of what leaves."""
        return self.at_promise + self.at_market


def power_of_ten(decimals: int) -> int:
    """Units in one whole."""
    return int(10**decimals)


def share_up(amount: int, basis_points: int) -> int:
    """3.6: the proportional fee of an amount, rounded up."""
    return -((-amount * basis_points) // WHOLE_BASIS_POINTS)


def share_down(amount: int, basis_points: int) -> int:
    """3.1: a share of an amount, rounded down."""
    return amount * basis_points // WHOLE_BASIS_POINTS


def coins_for(fiat: int, price: Fraction, pair: Pair) -> int:
    """Base units that `fiat` minor units buy at `price`, rounded down."""
    return math.floor(Fraction(fiat, power_of_ten(pair.fiat_decimals)) / price * power_of_ten(pair.coin_decimals))


def worth_exactly(coins: int, price: Fraction, pair: Pair) -> Fraction:
    """What base units are worth at `price`, in minor units, unrounded: for comparisons."""
    return Fraction(coins, power_of_ten(pair.coin_decimals)) * price * power_of_ten(pair.fiat_decimals)


def gross_of(coins: int, price: Fraction, pair: Pair) -> int:
    """3.6: ⌊coins × price⌋ in minor units."""
    return math.floor(worth_exactly(coins, price, pair))


def tolerance_of_purchase(ordered: int, basis_points: int, cap: int) -> int:
    """3.1: the smaller of the share of the ordered amount and the cap, in minor units, rounded down."""
    return min(share_down(ordered, basis_points), cap)


def tolerance_of_sale(ordered: int, basis_points: int, cap: int, promise: Fraction, pair: Pair) -> int:
    """3.1: the same for a sale, in base units; the cap is taken by its worth at the promise."""
    return min(share_down(ordered, basis_points), coins_for(cap, promise, pair))


def receipt_minimum(cap: int, method_minimum: int) -> int:
    """9: a fifth of the tolerance's cap, at most the minimum of the method, in minor units."""
    return min(cap // 5, method_minimum)


def receipt_minimum_of_sale(cap: int, coin_minimum: int, price: Fraction, pair: Pair) -> Fraction:
    """9: the same for coins, by worth: a fifth of the cap, at most the worth of the coin's minimum, in minor units."""
    return min(Fraction(cap // 5), worth_exactly(coin_minimum, price, pair))


def net_with_all_fees(gross: int, fees: Fees) -> int:
    """3.6: what is left of a part that bears every fee."""
    return gross - fees.fixed - fees.network - share_up(gross, fees.basis_points)


def net_with_share_only(gross: int, fees: Fees) -> int:
    """3.4, 3.6: what is left of a part that bears the proportional fee only."""
    return gross - share_up(gross, fees.basis_points)


def purchase(
    promised: int, at_market: int, promise: Fraction | None, market: Fraction | None, stored: Fees, present: Fees, pair: Pair,
) -> Outcome:
    """3.6: coins for `promised` minor units at the promise and `at_market` minor units at the market.

    `stored` are the fees of the order, `present` those of the moment: with nothing at the promise the rest bears all of
    those.
    """
    if promised:
        assert promise is not None
        net = net_with_all_fees(promised, stored)
        rest = net_with_share_only(at_market, stored)
        return Outcome(
            coins_for(net, promise, pair), coins_for(rest, _known(market), pair) if at_market else 0, promised - net, at_market - rest,
        )
    net = net_with_all_fees(at_market, present)
    return Outcome(0, coins_for(net, _known(market), pair), 0, at_market - net)


def sale(
    promised: int, at_market: int, promise: Fraction | None, market: Fraction | None, stored: Fees, present: Fees, pair: Pair,
) -> Outcome:
    """3.6: money for `promised` base units at the promise and `at_market` base units at the market.

    Each part's worth is rounded down to the minor unit apart, then the fees are taken.
    """
    if promised:
        assert promise is not None
        gross = gross_of(promised, promise, pair)
        gross_rest = gross_of(at_market, _known(market), pair) if at_market else 0
        net = net_with_all_fees(gross, stored)
        rest = net_with_share_only(gross_rest, stored)
        return Outcome(net, rest, gross - net, gross_rest - rest)
    gross = gross_of(at_market, _known(market), pair)
    net = net_with_all_fees(gross, present)
    return Outcome(0, net, 0, gross - net)


def network_fee_in_coins(fees: Fees, promise: Fraction, pair: Pair) -> int:
    """2.5: what coins that go back bear of their transaction, in base units: the order's network fee at its price, rounded up."""
    return -coins_for(-fees.network, promise, pair)


def _known(price: Fraction | None) -> Fraction:
    assert price is not None, "what goes at the market needs a price (3.5)"
    return price
