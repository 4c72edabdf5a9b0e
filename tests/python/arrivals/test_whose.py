"""Rule 2: whose a receipt is, and where it goes back to."""

from __future__ import annotations

from typing import Any

import pytest

from .entities import STRANGER, UNKNOWN, Refusal
from .stage import Stage, at, coins, euro


def on_account(stage: Stage) -> dict[str, Any]:
    """A receipt on the customer's own account number, without a reference."""
    return {"named": (), "account_of": "c"}


def mexican(*amounts: str) -> Stage:
    """Orders by SPEI, a minute apart: o0, o1, ..."""
    stage = Stage()
    stage.buy_price("17", "MXN")
    for number, amount in enumerate(amounts):
        stage.model.now = at(f"10:{number:02}")
        stage.buy(amount, "MEX.SPEI", f"o{number}")
    return stage


# --- 2.1, 2.2 ---

def test_2_1_a_strangers_money_is_set_aside_and_the_order_stays_open() -> None:
    stage = Stage()
    order = stage.buy()
    stranger = stage.pay("o", "1000.00", payer=STRANGER)
    assert stranger.aside == euro("1000.00") and order.status == "started" and stage.view("o").received == 0
    assert stage.view("o").exceptions == ("foreign_payer",)
    stage.pay("o", "1000.00")
    assert stage.view("o").decided == coins("1108.311111")


def test_2_1_who_is_not_named_is_the_customer() -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "1000.00", payer=UNKNOWN)
    assert stage.view("o").status == "payment_received"


def test_2_1_a_policy_may_not_care() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    stage.pay("o", "100.00", payer=STRANGER)
    assert stage.view("o").status == "payment_received"


def test_2_1_a_person_may_assign_it_with_the_right() -> None:
    stage = Stage()
    order = stage.buy()
    stranger = stage.pay("o", "1000.00", payer=STRANGER)
    stage.buy_price("0.95")
    with pytest.raises(Refusal, match="right_needed"):
        stage.model.assign(stranger, order)
    stage.model.assign(stranger, order, right=True)
    assert stage.view("o").at_market == coins("1049.978947")


def test_2_1_a_hit_on_what_is_not_needed_sets_that_aside() -> None:
    stage = Stage(level=1)
    order = stage.buy()
    stage.model.customers["c"].identity_valid = False
    stage.pay("o", "1000.00")
    tainted = stage.pay("o", "50.00")
    stage.model.receipt_hit(tainted.key)
    stage.model.customers["c"].identity_valid = True
    stage.model.settle()
    assert tainted.aside == euro("50.00") and order.status == "payment_received"


def test_2_1_a_hit_on_what_is_needed_holds_the_order() -> None:
    stage = Stage()
    stage.buy()
    receipt = stage.pay("o", "1000.00")
    stage.model.receipt_hit(receipt.key)
    assert stage.view("o").hold_reason == "review"


@pytest.mark.parametrize(("asset", "kind"), [("USD", "wrong_asset"), ("MXN", "wrong_asset")])
def test_2_2_another_currency_is_beside_the_order(asset: str, kind: str) -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "5000.00", asset=asset)
    stage.pay("o", "1000.00")
    view = stage.view("o")
    assert view.decided == coins("1108.311111") and kind in view.exceptions and view.received == euro("1000.00")


def test_2_2_another_coin_or_chain_is_beside_the_order() -> None:
    stage = Stage()
    stage.sell()
    stage.pay("s", "500", asset="USDT.polygon")
    assert stage.view("s").exceptions == ("wrong_asset",)
    stage.pay("s", "500", asset="USDC.ethereum")
    assert stage.view("s").exceptions == ("wrong_asset", "wrong_network")
    stage.pay("s", "500")
    assert stage.view("s").decided == euro("437.28")


def test_2_2_a_capture_of_another_processor_is_beside_the_order() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    other = stage.pay("o", "100.00", source="processor paypal")
    assert other.aside == euro("100.00") and stage.view("o").status == "started"


def test_2_2_what_comes_after_the_decision_changes_nothing() -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "1000.00")
    stage.pay("o", "1000.00")
    view = stage.view("o")
    assert view.accepted == euro("1000.00") and view.set_aside == euro("1000.00") and view.exceptions == ("duplicate",)


# --- 2.3 ---

def test_2_3_the_one_that_lacks_exactly_that() -> None:
    stage = mexican("500.00", "700.00", "700.00")
    stage.pay("o0", "700.00", **on_account(stage))
    assert [stage.view(name).status for name in ("o0", "o1", "o2")] == ["started", "payment_received", "started"]


def test_2_3_of_several_the_oldest() -> None:
    stage = mexican("700.00", "700.00")
    stage.pay("o0", "700.00", **on_account(stage))
    assert [stage.view(name).status for name in ("o0", "o1")] == ["payment_received", "started"]


def test_2_3_what_it_lacks_counts_what_came() -> None:
    stage = mexican("700.00", "500.00")
    stage.pay("o0", "200.00")
    stage.pay("o0", "500.00", **on_account(stage))
    assert [stage.view(name).status for name in ("o0", "o1")] == ["payment_received", "started"]


def test_2_3_else_the_oldest_it_completes_within_tolerance() -> None:
    stage = mexican("800.00", "500.00", "501.00")
    stage.pay("o0", "502.00", **on_account(stage))
    assert [stage.view(name).status for name in ("o0", "o1", "o2")] == ["started", "payment_received", "started"]


def test_2_3_else_the_only_open_one() -> None:
    stage = mexican("800.00")
    stage.pay("o0", "300.00", **on_account(stage))
    assert stage.view("o0").received == euro("300.00")


def test_2_3_unless_it_is_a_duplicate() -> None:
    stage = mexican("500.00", "800.00")
    stage.pay("o0", "500.00", **on_account(stage))
    duplicate = stage.pay("o0", "500.00", **on_account(stage))
    assert duplicate.aside == euro("500.00") and stage.view("o1").received == 0


def test_2_3_also_of_one_that_was_held() -> None:
    stage = mexican("500.00", "800.00")
    stage.model.ban("c")
    stage.pay("o0", "500.00", **on_account(stage))
    assert stage.view("o0").status == "on_hold"
    duplicate = stage.pay("o0", "500.00", **on_account(stage))
    assert duplicate.aside == euro("500.00") and stage.view("o1").received == 0


def test_2_3_after_72_hours_it_is_no_duplicate() -> None:
    stage = mexican("500.00", "800.00")
    stage.pay("o0", "500.00", **on_account(stage))
    stage.later("10:02", day=3, readings=False)
    stage.pay("o0", "500.00", **on_account(stage))
    assert stage.view("o1").received == euro("500.00")


def test_2_3_else_set_aside() -> None:
    stage = mexican("500.00", "800.00")
    receipt = stage.pay("o0", "300.00", **on_account(stage))
    assert receipt.aside == euro("300.00") and receipt.order is None


# --- 2.4 ---

def test_2_4_the_only_open_one_of_several() -> None:
    stage = Stage()
    for name in ("a", "b"):
        stage.buy(name=name)
    stage.pay("a", "1000.00")
    stage.pay("b", "1000.00", named=("a", "b"))
    assert stage.view("b").status == "payment_received"


def test_2_4_two_open_ones_are_nobodys() -> None:
    stage = Stage()
    for name in ("a", "b"):
        stage.buy(name=name)
    receipt = stage.pay("b", "1000.00", named=("a", "b"))
    assert receipt.order is None and receipt.aside == euro("1000.00")


# --- 2.5 ---

def short_refund(**more: Any) -> Stage:
    stage = Stage(short="refund")
    stage.buy(refund_destination=bool(more.pop("destination", False)))
    stage.pay("o", "600.00", **more)
    stage.later("12:01")
    return stage


def test_2_5_to_the_account_it_came_from() -> None:
    assert short_refund().view("o").status == "refund_pending"


def test_2_5_else_to_the_refund_account_else_it_waits() -> None:
    assert short_refund(returnable=False, destination=True).view("o").status == "refund_pending"
    stage = short_refund(returnable=False)
    assert stage.view("o").hold_reason == "destination"
    stage.model.give_destination(stage.model.orders["o"])
    assert stage.view("o").status == "refund_pending"


def test_2_5_coins_never_to_the_sender_by_itself() -> None:
    stage = Stage(short="refund")
    stage.sell()
    stage.pay("s", "200")
    stage.later("11:02")
    assert stage.view("s").hold_reason == "destination"


def test_2_5_several_receipts_are_several_payouts() -> None:
    stage = Stage(short="refund")
    stage.buy()
    first, second = stage.pay("o", "300.00"), stage.pay("o", "200.00")
    stage.later("12:01")
    stage.model.return_settled(first)
    assert stage.view("o").status == "refund_pending"
    stage.model.return_settled(second)
    assert (stage.view("o").status, stage.view("o").refunded) == ("refunded", euro("500.00"))


def test_2_5_a_strangers_money_only_to_its_source() -> None:
    stage = Stage()
    stage.buy(refund_destination=True)
    known = stage.pay("o", "50.00", payer=STRANGER)
    unknown = stage.pay("o", "60.00", payer=STRANGER, returnable=False)
    stage.model.return_item(known)
    with pytest.raises(Refusal, match="no_destination"):
        stage.model.return_item(unknown)


def test_2_5_what_screening_froze_goes_nowhere() -> None:
    stage = Stage()
    order = stage.buy()
    receipt = stage.pay("o", "1000.00")
    stage.model.receipt_hit(receipt.key)
    with pytest.raises(Refusal, match="frozen"):
        stage.model.refund(order)
    stage.model.refund(order, right=True)
    assert order.status == "refund_pending"


# --- 2.6 ---

def test_2_6_dust_never_counts_and_tells_nothing() -> None:
    stage = Stage()
    stage.buy()
    events = len(stage.model.events)
    for _ in range(5):
        stage.pay("o", "0.99", payer=STRANGER)
    assert len(stage.model.events) == events and len(stage.model.items) == 1
    stage.pay("o", "1.00")
    assert stage.view("o").received == euro("1.00")


def test_2_6_dust_of_coins_is_by_worth() -> None:
    stage = Stage()
    stage.sell()
    stage.pay("s", "0.999999")
    assert stage.view("s").received == 0, "the coin's minimum, 1 USDC at 0.88, is less than a fifth of the cap"
    stage.pay("s", "1")
    assert stage.view("s").received == coins("1")


def test_2_6_dust_in_a_block_is_not_waited_for() -> None:
    stage = Stage()
    order = stage.sell()
    stage.model.deposit_seen(stage.fact("s", "0.5", first_block=at("10:00"), key="dust:0"))
    assert order.status == "created" and not order.pending
