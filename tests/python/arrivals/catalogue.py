"""A model that is furnished with the default catalogue: numbers of `default.toml`, keys and defaults of rule 9."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from .entities import BUY, SELL, Coin, Customer, Fiat, Limits, Method, Policy
from .model import Model
from .timing import Source

DEFAULTS = Path(__file__).resolve().parents[3] / "crates" / "rampart" / "src" / "default.toml"

DAY_SECONDS = 86_400

POLICIES = {
    "transfer": Policy(3600, 7 * DAY_SECONDS, 50, "promise", "market", "market", True),
    "redirect": Policy(1800, 1800, 0, "refund", "market", "market", False),
    "voucher": Policy(0, 3 * DAY_SECONDS, 0, "refund", "market", "market", False),
    "selling": Policy(3600, 7 * DAY_SECONDS, 50, "promise", "market", "market", False),
}
"""Rule 9. A voucher's tolerance is not given; nothing of a voucher is in time, so it is never asked."""

TOLERANCE_CAPS = {"EUR": 5, "USD": 5, "CLP": 5_000, "MXN": 100, "COP": 20_000, "PEN": 20, "ARS": 5_000}
"""Rule 9, in major units."""

BACKDATING_SECONDS = {"sepa": 3600, "spei": 900, "cvu": 900}
OTHER_RAILS_BACKDATING_SECONDS = 3600
"""Rule 9 names no default for the other rails; the longest named one is taken."""
PROCESSOR_BACKDATING_SECONDS = 900
CHAIN_BACKDATING_SECONDS = 60

KINDS = {"redirect": "redirect", "concept": "concept", "virtual_account": "virtual_account"}


def minor(text: str, decimals: int) -> int:
    """Major units as text to minor units, exactly."""
    scaled = Decimal(text).scaleb(decimals)
    assert scaled == scaled.to_integral_value()
    return int(scaled)


def rail_source(rail: str) -> Source:
    """A rail that we read."""
    return Source(f"rail {rail}", True, BACKDATING_SECONDS.get(rail, OTHER_RAILS_BACKDATING_SECONDS))


def processor_source(processor: str) -> Source:
    """A processor whose events are read, as the sandbox's are. One that reports by a signed hook has no readings (1.1)."""
    return Source(f"processor {processor}", True, PROCESSOR_BACKDATING_SECONDS)


def chain_source(chain: str) -> Source:
    """A chain that we read block by block."""
    return Source(f"chain {chain}", True, CHAIN_BACKDATING_SECONDS)


def default_model(now: int = 0, defaults: Path = DEFAULTS, policies: dict[str, Policy] | None = None) -> Model:
    """A model with every currency, coin, method and limit of the default catalogue. Balances are roomy."""
    model = Model(now)
    settings = tomllib.loads(defaults.read_text())
    chosen = {**POLICIES, **(policies or {})}
    for symbol, fiat in settings["fiats"].items():
        model.fiats[symbol] = Fiat(symbol, fiat["decimals"], TOLERANCE_CAPS[symbol] * 10 ** fiat["decimals"])
    for symbol, chains in settings["coins"].items():
        for chain, coin in chains.items():
            model.coins[f"{symbol}.{chain}"] = _coin(model, symbol, chain, coin, settings["chains"][chain]["network_fees"])
    for country, methods in settings["methods"].items():
        for name, method in methods.items():
            redirect = method["matched_by"] == "redirect"
            source = processor_source(method["through"]) if redirect else rail_source(method["through"])
            model.methods[f"{country}.{name}"] = _method(
                model, f"{country}.{name}", BUY, KINDS[method["matched_by"]], source, method, chosen[method["policy"]],
            )
    for country, payout in settings["payouts"].items():
        for chain in settings["chains"]:
            name = f"{country}.selling.{chain}"
            model.methods[name] = _method(model, name, SELL, "deposit", chain_source(chain), payout, chosen[payout["policy"]])
    for symbol, levels in settings["limits"].items():
        for level, ceilings in levels.items():
            amounts = {key: minor(ceilings[key], model.fiats[symbol].decimals) for key in ("transaction", "day", "month", "quarter")}
            model.limits[(symbol, int(level))] = Limits(**amounts)
    for coin in model.coins.values():
        model.balances[coin.asset] = 500_000_000 * 10**coin.decimals
    for fiat in model.fiats.values():
        model.balances[fiat.symbol] = 10**15 * 10**fiat.decimals
    return model


def _coin(model: Model, symbol: str, chain: str, coin: dict[str, Any], network_fees: dict[str, str]) -> Coin:
    fees = {fiat: minor(fee, model.fiats[fiat].decimals) for fiat, fee in network_fees.items()}
    decimals = coin["decimals"]
    return Coin(symbol, chain, decimals, minor(coin["minimum"], decimals), minor(coin["maximum"], decimals), fees, coin["buy"])


def _method(model: Model, name: str, side: str, kind: str, source: Source, terms: dict[str, Any], policy: Policy) -> Method:
    decimals = model.fiats[terms["fiat"]].decimals
    return Method(
        name, side, kind, terms["fiat"], source, minor(terms["minimum"], decimals), minor(terms["maximum"], decimals),
        minor(terms["fee_fixed"], decimals), terms["fee_basis_points"], policy, terms["enabled"],
    )


def customer(name: str, level: int = 1, partner: str = "partner") -> Customer:
    """A customer in good standing, with a document of its own."""
    return Customer(name, partner, f"document of {name}", level)


def price(text: str) -> Fraction:
    """A price as text, exactly."""
    return Fraction(text)
