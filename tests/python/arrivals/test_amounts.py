"""Rules 3 and 4: how much is exchanged, at which price, and what binds it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from .entities import Refusal
from .money import Fees, Pair, purchase, sale, tolerance_of_purchase, tolerance_of_sale
from .stage import Stage, at, coins, euro

PAIR = Pair(2, 6)


# --- 3.1 ---

@pytest.mark.parametrize(
    ("ordered", "cap", "expected"), [(100_000, 500, 500), (100_001, 500, 500), (99_999, 500, 499), (10_000, 500, 50), (5_000_000, 500, 500), (1, 500, 0)],
)
def test_3_1_tolerance_is_the_smaller_rounded_down(ordered: int, cap: int, expected: int) -> None:
    assert tolerance_of_purchase(ordered, 50, cap) == expected


def test_3_1_tolerance_of_a_sale_is_worth_the_cap() -> None:
    assert tolerance_of_sale(coins("500"), 50, 500, Fraction("0.88"), PAIR) == coins("2.5")
    assert tolerance_of_sale(coins("5000"), 50, 500, Fraction("0.88"), PAIR) == coins("5.681818")


@pytest.mark.parametrize(("amount", "status"), [("994.99", "started"), ("995.00", "payment_received"), ("1005.00", "payment_received")])
def test_3_1_the_edges(amount: str, status: str) -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", amount)
    assert stage.view("o").status == status and stage.view("o").exceptions == ()


def test_3_1_inside_it_all_goes_at_the_promise_with_that_amounts_fee() -> None:
    stage = Stage()
    stage.buy()
    stage.buy_price("9.99")
    stage.pay("o", "1005.00")
    view = stage.view("o")
    assert view.fees == euro("2.52") + euro("0.02") and view.accepted == euro("1005.00")
    assert view.decided == coins("1113.844444")


def test_3_1_minimum_and_maximum_do_not_bind_inside() -> None:
    stage = Stage()
    stage.buy("10.00")
    stage.pay("o", "9.95")
    stage.buy("50000.00", name="p")
    stage.pay("p", "50005.00")
    assert stage.view("o").status == stage.view("p").status == "payment_received"


def test_3_1_a_sale_inside_the_tolerance() -> None:
    stage = Stage()
    stage.sell()
    stage.pay("s", "497.5")
    assert stage.view("s").decided == euro("437.80") - euro("0.52") - euro("2.19")


# --- 3.2 ---

def test_3_2_until_complete_the_order_waits() -> None:
    stage = Stage()
    order = stage.buy()
    stage.pay("o", "400.00")
    assert stage.view("o").status == "started" and stage.view("o").received == euro("400.00") and order.in_caps
    assert stage.model.events[-1].kind == "PAYMENT_UPDATED"
    stage.pay("o", "600.00")
    assert stage.view("o").decided == coins("1108.311111")


def test_3_2_cancelling_is_asking_for_the_refund() -> None:
    stage = Stage()
    order = stage.buy()
    stage.pay("o", "400.00")
    stage.model.cancel(order)
    assert order.status == "refund_pending"
    stage.model.play_outside()
    assert stage.view("o").refunded == euro("400.00")


def test_3_2_without_money_it_can_be_cancelled() -> None:
    stage = Stage()
    order = stage.buy()
    stage.model.cancel(order)
    assert order.status == "cancelled" and not order.reserved and not order.in_caps
    assert stage.model.windows.used(stage.model.customers["c"], "EUR", at("10:00")) == (0, 0, 0)
    receipt = stage.pay("o", "1000.00")
    assert receipt.aside == euro("1000.00") and order.status == "cancelled"


# --- 3.3 ---

def test_3_3_late_back() -> None:
    stage = Stage(late="back")
    stage.buy()
    stage.pay("o", "400.00")
    stage.model.now = at("11:01")
    stage.pay("o", "600.00")
    stage.later("12:01")
    stage.model.play_outside()
    assert (stage.view("o").status, stage.view("o").refunded) == ("refunded", euro("1000.00"))


def test_3_3_late_hold() -> None:
    stage = Stage(late="hold")
    order = stage.buy()
    stage.buy_price("0.95")
    stage.later("11:01")
    stage.pay("o", "1000.00")
    assert stage.view("o").hold_reason == "amount"
    beside = stage.pay("o", "5.00")
    assert beside.aside == euro("5.00"), "to hold was the decision"
    stage.model.release(order)
    assert stage.view("o").at_market == coins("1049.978947")


def test_3_3_short_hold_released_goes_at_the_market() -> None:
    stage = Stage(short="hold")
    order = stage.buy()
    stage.pay("o", "600.00")
    stage.later("12:01")
    assert stage.view("o").hold_reason == "amount"
    stage.model.release(order)
    assert stage.view("o").at_promise == 0 and stage.view("o").at_market == coins("664.977777")


def test_3_3_below_the_minimum_it_goes_back_else_it_is_held() -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "9.99")
    stage.buy(name="p")
    stage.pay("p", "9.99", returnable=False)
    stage.later("12:01")
    assert stage.view("o").status == "refund_pending"
    assert stage.view("p").hold_reason == "destination"


@pytest.mark.parametrize("amount", ["10.00", "40.00", "5000.00"])
def test_3_3_the_first_late_receipt_decides(amount: str) -> None:
    stage = Stage()
    stage.buy()
    stage.later("11:01")
    stage.pay("o", amount)
    assert stage.view("o").status == "payment_received" and stage.view("o").accepted == euro(amount)


def test_3_3_late_below_the_minimum_and_above_the_maximum() -> None:
    stage = Stage()
    for name in ("o", "p"):
        stage.buy(name=name)
    stage.later("11:01")
    stage.pay("o", "9.99")
    stage.pay("p", "50000.01")
    assert stage.view("o").status == "refund_pending" and stage.view("p").hold_reason == "amount"


# --- 3.4 ---

def test_3_4_over_goes_along_at_the_market() -> None:
    stage = Stage()
    stage.buy()
    stage.buy_price("0.95")
    stage.pay("o", "1500.00")
    view = stage.view("o")
    assert view.at_promise == coins("1108.311111") and view.at_market == coins("525") and view.accepted == euro("1500.00")
    assert view.fees == euro("2.52") + euro("1.25")


def test_3_4_one_cent_above_the_tolerance_is_ordered_at_the_promise() -> None:
    stage = Stage()
    stage.buy()
    stage.buy_price("0.95")
    stage.pay("o", "1005.01")
    view = stage.view("o")
    assert view.at_promise == coins("1108.311111") and view.at_market == coins("5.252631")


def test_3_4_over_back() -> None:
    stage = Stage(over="back")
    stage.buy()
    first = stage.pay("o", "300.00")
    last = stage.pay("o", "1200.00")
    stage.model.play_outside()
    view = stage.view("o")
    assert (view.status, view.accepted, view.refunded) == ("coins_sent", euro("1000.00"), euro("500.00"))
    assert (first.returned, last.returned) == (0, euro("500.00"))


@pytest.mark.parametrize("case", ["price", "liquidity", "maximum", "fees", "limit"])
def test_3_4_what_cannot_go_along_is_set_aside(case: str) -> None:
    stage = Stage(level=1 if case == "limit" else 2)
    stage.buy("50000.00" if case == "maximum" else "1000.00")
    amount = "50010.00" if case == "maximum" else "1500.00"
    if case == "price":
        stage.buy_price(None)
    elif case == "liquidity":
        stage.model.balances["USDC.polygon"] = coins("1200")
    elif case == "fees":
        stage.buy_price("99999999999")
    stage.pay("o", amount)
    assert [item.reason for item in stage.model.items] == [case]
    assert stage.view("o").status == "payment_received" and stage.view("o").exceptions == ("over",)


def test_3_4_the_surplus_of_what_completed_it() -> None:
    stage = Stage()
    stage.buy()
    for amount in ("600.00", "600.00", "100.00"):
        stage.model.store(stage.fact("o", amount))
    stage.model.settle()
    assert stage.view("o").accepted == euro("1200.00") and stage.view("o").set_aside == euro("100.00")


# --- 3.5, 3.6 ---

def test_3_5_held_for_price_and_taken_up_in_order_of_receipt() -> None:
    stage = Stage()
    for name in ("o", "p"):
        stage.buy(name=name)
    stage.later("11:01")
    stage.buy_price(None)
    stage.pay("p", "1000.00", at("11:00:10"))
    stage.pay("o", "1000.00", at("11:00:20"))
    assert stage.view("o").hold_reason == stage.view("p").hold_reason == "price"
    stage.model.balances["USDC.polygon"] = coins("1500")
    stage.buy_price("0.95")
    stage.model.settle()
    assert stage.view("p").status == "payment_received" and stage.view("o").status == "on_hold"


def test_3_5_only_coins_that_nobody_was_promised() -> None:
    stage = Stage()
    stage.buy()
    stage.later("11:00")
    stage.model.balances["USDC.polygon"] = coins("1500")
    stage.buy(name="p")
    stage.pay("o", "1000.00")
    assert stage.view("o").hold_reason == "liquidity"
    stage.model.cancel(stage.model.orders["p"])
    stage.model.settle()
    assert stage.view("o").status == "payment_received"


def test_3_6_each_share_is_rounded_by_itself() -> None:
    fees = Fees(25, 190, 2)
    out = purchase(10_000, 3_000, Fraction("0.90"), Fraction("0.95"), fees, fees, PAIR)
    assert (out.at_promise, out.at_market) == (108_700_000, 30_978_947)
    assert (out.fee_promise, out.fee_market) == (25 + 190 + 2, 57)


def test_3_6_with_nothing_at_the_promise_the_present_fees() -> None:
    stage = Stage()
    stage.buy()
    stage.model.methods["ESP.transfer"] = replace(stage.model.methods["ESP.transfer"], fee_basis_points=100)
    stage.later("11:01")
    stage.pay("o", "1000.00")
    assert stage.view("o").fees == euro("10.02")


def test_3_6_else_the_fees_stored_with_the_order() -> None:
    stage = Stage()
    stage.buy()
    stage.model.methods["ESP.transfer"] = replace(stage.model.methods["ESP.transfer"], fee_basis_points=100)
    stage.pay("o", "1500.00")
    assert stage.view("o").fees == euro("2.50") + euro("0.02") + euro("1.25")


def test_3_6_what_does_not_cover_its_fees_is_set_aside() -> None:
    stage = Stage()
    stage.buy_price("0.90", coin="USDC.ethereum")
    stage.buy(coin="USDC.ethereum")
    stage.pay("o", "1.20")
    stage.later("11:00:01")
    stage.model.now = at("11:00:02")
    stage.pay("o", "999.00")
    stage.later("12:01")
    view = stage.view("o")
    assert view.at_promise == 0 and view.set_aside == euro("1.20") and view.accepted == euro("999.00")


def test_3_6_a_sales_shares_are_rounded_to_the_cent_apart() -> None:
    fees = Fees(50, 50, 2)
    out = sale(coins("200.005"), coins("0.019"), Fraction("0.88"), Fraction("0.80"), fees, fees, PAIR)
    assert out.at_promise == 17_600 - 52 - 88 and out.at_market == 1 - 1


# --- 3.7 ---

def failed_transfer(market: str) -> Stage:
    stage = Stage()
    order = stage.buy()
    stage.pay("o", "1000.00")
    stage.model.attempt(order)
    stage.model.attempt_failed(order)
    stage.buy_price(market)
    return stage


def test_3_7_what_was_converted_stays_converted() -> None:
    stage = failed_transfer("0.50")
    order = stage.model.orders["o"]
    stage.later("10:00", day=30)
    assert stage.view("o").hold_reason == "chain" and order.owed == coins("1108.311111")
    stage.model.release(order)
    stage.model.play_outside()
    assert stage.view("o").sent == coins("1108.311111")


@pytest.mark.parametrize(("market", "refunded"), [("1.00", "1000.00"), ("0.50", "554.15")])
def test_3_7_undone_at_the_lower_worth(market: str, refunded: str) -> None:
    stage = failed_transfer(market)
    stage.model.refund(stage.model.orders["o"])
    stage.model.play_outside()
    assert stage.view("o").refunded == euro(refunded)


def test_3_7_the_whole_where_the_fault_was_ours() -> None:
    stage = failed_transfer("0.50")
    stage.model.refund(stage.model.orders["o"], our_fault=True)
    stage.model.play_outside()
    assert stage.view("o").refunded == euro("1000.00")


# --- 4.1, 4.2 ---

def test_4_1_in_time_money_asks_standing_only() -> None:
    stage = Stage(level=1)
    stage.buy()
    stage.model.limits[("EUR", 1)] = replace(stage.model.limits[("EUR", 1)], transaction=1, day=1, month=1, quarter=1)
    stage.model.methods["ESP.transfer"] = replace(stage.model.methods["ESP.transfer"], enabled=False)
    stage.pay("o", "1005.00")
    assert stage.view("o").status == "payment_received"
    assert stage.model.windows.used(stage.model.customers["c"], "EUR", at("10:00"))[0] == euro("1005.00"), "counted, not asked"


@pytest.mark.parametrize("case", ["limit", "method", "coin", "age"])
def test_4_1_what_goes_at_the_market_asks_everything(case: str) -> None:
    stage = Stage()
    stage.buy()
    stage.later("11:01")
    if case == "limit":
        stage.model.customers["c"].level = 1
    elif case == "method":
        stage.model.methods["ESP.transfer"] = replace(stage.model.methods["ESP.transfer"], enabled=False)
    elif case == "coin":
        stage.model.coins["USDC.polygon"] = replace(stage.model.coins["USDC.polygon"], enabled=False)
    else:
        stage.model.customers["c"].of_age = False
    stage.pay("o", "1000.01")
    assert stage.view("o").status == "on_hold"
    stage.model.release(stage.model.orders["o"])
    assert stage.view("o").status == "payment_received", "a person with the right may let it go"


def test_4_3_a_limit_waits_for_a_person() -> None:
    stage = Stage()
    stage.buy()
    stage.later("11:01")
    stage.model.customers["c"].level = 1
    stage.pay("o", "1000.01")
    assert stage.view("o").hold_reason == "limit"
    stage.model.set_level("c", 2)
    assert stage.view("o").hold_reason == "limit"
    stage.model.release(stage.model.orders["o"])
    assert stage.view("o").status == "payment_received"


def test_4_2_late_money_counts_when_it_is_decided() -> None:
    stage = Stage()
    stage.buy()
    stage.later("10:00", day=1)
    stage.pay("o", "1000.00")
    who = stage.model.customers["c"]
    assert stage.model.windows.used(who, "EUR", at("10:00"))[0] == 0
    assert stage.model.windows.used(who, "EUR", at("10:00", day=1))[0] == euro("1000.00")


def test_4_2_released_amounts_count_when_they_are_decided() -> None:
    stage = Stage()
    order = stage.buy()
    stage.model.ban("c")
    stage.pay("o", "1000.00")
    stage.later("09:00", day=1)
    stage.model.unban("c")
    stage.model.release(order)
    assert stage.view("o").at_promise == coins("1108.311111")
    who = stage.model.customers["c"]
    assert stage.model.windows.used(who, "EUR", at("10:00"))[0] == 0
    assert stage.model.windows.used(who, "EUR", at("09:00", day=1))[0] == euro("1000.00")


def test_4_2_a_refund_gives_back() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    stage.pay("o", "60.00")
    assert stage.model.windows.used(stage.model.customers["c"], "EUR", at("10:00"))[0] == 0


def test_4_2_one_document_shares_its_counters() -> None:
    stage = Stage(level=1)
    stage.model.customers["d"] = replace(stage.model.customers["c"], id="d")
    for name, who in (("a", "c"), ("b", "d"), ("e", "c")):
        stage.buy(name=name, who=who)
    with pytest.raises(Refusal, match="kyc_reinforced_required"):
        stage.buy("10.00", name="f", who="d")


def test_4_2_cents_of_a_stranger_never_count() -> None:
    stage = Stage()
    order = stage.buy()
    stage.pay("o", "0.50", payer="stranger")
    stage.model.advance(at("11:00"))
    assert not order.in_caps and stage.model.windows.used(stage.model.customers["c"], "EUR", at("10:00"))[0] == 0


# --- 4.3 ---

def test_4_3_standing_is_relied_upon_by_every_attempt() -> None:
    stage = Stage()
    order = stage.buy()
    stage.pay("o", "1000.00")
    stage.model.customers["c"].identity_valid = False
    assert not stage.model.attempt(order)
    assert stage.view("o").hold_reason == "identity"
    stage.model.customers["c"].identity_valid = True
    stage.model.settle()
    stage.model.play_outside()
    assert stage.view("o").status == "coins_sent"


def test_4_3_a_ban_needs_a_person() -> None:
    stage = Stage()
    order = stage.buy()
    stage.pay("o", "1000.00")
    stage.model.ban("c")
    stage.model.play_outside()
    stage.model.customers["c"].banned = False
    stage.model.settle()
    assert stage.view("o").hold_reason == "review"
    stage.model.unban("c")
    stage.model.release(order)
    stage.model.play_outside()
    assert stage.view("o").status == "coins_sent"


def test_4_3_a_partner_disabled_holds_its_orders() -> None:
    stage = Stage()
    stage.buy()
    stage.model.disabled_partners.add("partner")
    stage.pay("o", "1000.00")
    assert stage.view("o").hold_reason == "review"


def test_the_fewest_coins_that_count_go_back() -> None:
    stage = Stage()
    stage.sell(refund_destination=True)
    stage.pay("s", "1")
    stage.later("12:00")
    stage.model.play_outside()
    assert stage.view("s").received == coins("1") and stage.view("s").refunded == coins("0.977272")


def test_several_that_are_too_few_go_back_together() -> None:
    stage = Stage()
    stage.sell(refund_destination=True)
    for _ in range(2):
        stage.pay("s", "1")
    stage.later("12:00")
    stage.model.play_outside()
    assert stage.view("s").status == "refunded" and stage.view("s").refunded == coins("1.977272"), "less the network fee of 0.02, once"


def test_what_lost_the_promise_is_too_little_by_the_market_alone() -> None:
    stage = Stage()
    stage.sell()
    stage.pay("s", "10")
    stage.sell_price(None)
    stage.later("12:00", 1)
    assert stage.view("s").hold_reason == "price", "the market's price says whether it is too little"
