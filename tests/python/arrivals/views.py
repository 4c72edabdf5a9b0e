"""What the API shows of an order, in the model's units."""

from __future__ import annotations

from typing import Any

from .catalogue import minor
from .entities import BUY, Order


def _common(view: dict[str, Any], decimals_in: int, decimals_out: int) -> dict[str, Any]:
    shown: dict[str, Any] = {"status": view["status"]}
    for name, key, decimals in (
        ("accepted", "accepted_amount", decimals_in), ("set_aside", "set_aside_amount", decimals_in),
        ("refunded", "refunded_amount", decimals_in), ("sent", "sent_amount", decimals_out),
    ):
        if key in view:
            shown[name] = minor(view[key] or "0", decimals)
    if "exceptions" in view:
        shown["exceptions"] = tuple(sorted({each["kind"] for each in view["exceptions"]}))
    if "hold_reason" in view:
        shown["hold_reason"] = view["hold_reason"]
    return shown


def view_of_payment(view: dict[str, Any], order: Order) -> dict[str, Any]:
    """`GET /api/payment/{id}`."""
    return {
        **_common(view, order.fiat.decimals, order.coin.decimals),
        "received": minor(view["received_amount"], order.fiat.decimals),
        "decided": minor(view["coin_amount_decimal"], order.coin.decimals),
    }


def view_of_sale(view: dict[str, Any], order: Order) -> dict[str, Any]:
    """`GET /api/getRampoff`."""
    return {
        **_common(view, order.coin.decimals, order.fiat.decimals),
        "received": int(view["received_amount"]),
        "decided": minor(view["fiat_amount"], order.fiat.decimals),
    }


def view_of(shown: dict[str, Any], order: Order) -> dict[str, Any]:
    """What the API shows of an order, in the model's units."""
    return view_of_payment(shown, order) if order.side == BUY else view_of_sale(shown, order)
