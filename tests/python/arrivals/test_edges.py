"""Edges: what is exactly at a limit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from .catalogue import customer
from .entities import Refusal
from .limits import windows_of
from .money import Fees, Pair, sale
from .stage import Stage, at, coins, euro
from .timing import DAY


# --- windows ---

def test_windows_are_those_of_utc() -> None:
    quarters = [windows_of(at("00:00") + days * DAY)[2] for days in (0, 29, 30, 120, 121, 212, 213, 304, 305)]
    assert "".join(name[-1] for name in quarters) == "112233441"
    assert windows_of(at("23:59:59"))[:2] == ("day 2026-03-02", "month 2026-03")
    assert windows_of(at("00:00", day=1))[0] == "day 2026-03-03"


@pytest.mark.parametrize(("used", "amount", "code"), [
    ("2000.00", "1000.00", None), ("2000.00", "1000.01", "kyc_reinforced_required"), ("2999.99", "10.00", "kyc_reinforced_required"),
])
def test_a_window_may_be_filled_exactly(used: str, amount: str, code: str | None) -> None:
    stage = Stage(level=1)
    stage.model.windows.count(stage.model.customers["c"], "EUR", at("09:00"), euro(used))
    if code is None:
        stage.buy(amount)
    else:
        with pytest.raises(Refusal, match=code):
            stage.buy(amount)


def test_no_level_would_do() -> None:
    stage = Stage()
    stage.model.limits[("EUR", 2)] = stage.model.limits[("EUR", 1)]
    with pytest.raises(Refusal, match="limit_exceded"):
        stage.buy("1000.01")


# --- requests ---

@pytest.mark.parametrize(("amount", "code"), [("9.99", "min_purchase"), ("10.00", None), ("50000.00", None), ("50000.01", "max_purchase")])
def test_minimum_and_maximum_of_the_method(amount: str, code: str | None) -> None:
    stage = Stage()
    stage.model.limits[("EUR", 2)] = replace(stage.model.limits[("EUR", 2)], transaction=euro("99999"))
    if code is None:
        stage.buy(amount)
    else:
        with pytest.raises(Refusal, match=code):
            stage.buy(amount)


def test_minimum_of_a_sale_is_of_what_is_paid_out_and_of_coins() -> None:
    stage = Stage()
    with pytest.raises(Refusal, match="min_purchase"):
        stage.sell("6.30")
    stage.sell("6.31")
    stage.sell_price("6")
    with pytest.raises(Refusal, match="min_purchase"):
        stage.sell("0.999999", name="t")


def test_maximum_of_the_coin() -> None:
    stage = Stage()
    most = stage.model.coins["USDC.polygon"]
    stage.model.coins["USDC.polygon"] = replace(most, maximum=coins("1108.311111"))
    stage.buy()
    stage.model.coins["USDC.polygon"] = replace(most, maximum=coins("1108.311110"))
    with pytest.raises(Refusal, match="max_purchase"):
        stage.buy(name="p")


def test_liquidity_may_be_used_up_exactly() -> None:
    stage = Stage()
    stage.model.balances["USDC.polygon"] = coins("1108.311111")
    stage.buy()
    with pytest.raises(Refusal, match="no_liquidity"):
        stage.buy("10.00", name="p")


def test_the_cap_on_open_orders_is_of_each_customer() -> None:
    stage = Stage()
    stage.model.open_order_cap = 2
    stage.model.customers["d"] = customer("d", 2)
    for name in ("a", "b"):
        stage.buy(name=name)
    with pytest.raises(Refusal, match="too_many_open"):
        stage.buy(name="e")
    stage.buy(name="f", who="d")
    stage.pay("a", "1000.00")
    stage.buy(name="g")


@pytest.mark.parametrize("case", ["banned", "identity", "method", "coin", "price"])
def test_requests_are_refused(case: str) -> None:
    stage = Stage()
    codes = {"banned": "user_banned", "identity": "require_kyc", "method": "method_not_allowed", "coin": "coin_not_supported", "price": "price_unavailable"}
    stage.model.customers["c"].banned = case == "banned"
    stage.model.customers["c"].identity_valid = case != "identity"
    stage.model.methods["ESP.transfer"] = replace(stage.model.methods["ESP.transfer"], enabled=case != "method")
    stage.model.coins["USDC.polygon"] = replace(stage.model.coins["USDC.polygon"], enabled=case != "coin")
    stage.buy_price(None if case == "price" else "0.90")
    with pytest.raises(Refusal, match=codes[case]):
        stage.buy()


# --- decisions ---

@pytest.mark.parametrize(("available", "status"), [("1113.844444", "payment_received"), ("1113.844443", "on_hold")])
def test_the_tolerance_takes_exactly_the_free_coins(available: str, status: str) -> None:
    stage = Stage()
    stage.buy()
    stage.model.balances["USDC.polygon"] = coins(available)
    stage.pay("o", "1005.00")
    assert stage.view("o").status == status


@pytest.mark.parametrize(("available", "status"), [("664.977777", "payment_received"), ("664.977776", "on_hold")])
def test_what_is_short_takes_exactly_the_free_coins(available: str, status: str) -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "600.00")
    stage.later("12:00")
    stage.model.balances["USDC.polygon"] = coins(available)
    stage.later("12:00:01")
    assert stage.view("o").status == status


@pytest.mark.parametrize(("available", "status"), [("1049.978947", "payment_received"), ("1049.978946", "on_hold")])
def test_what_is_late_takes_exactly_the_free_coins(available: str, status: str) -> None:
    stage = Stage()
    stage.buy()
    stage.buy_price("0.95")
    stage.later("11:00")
    stage.model.balances["USDC.polygon"] = coins(available)
    stage.pay("o", "1000.00")
    assert stage.view("o").status == status


def test_late_money_may_be_the_maximum_exactly() -> None:
    stage = Stage()
    stage.buy()
    stage.later("11:00")
    stage.pay("o", "50000.00")
    assert stage.view("o").status == "payment_received"


def test_late_coins_may_pay_out_the_maximum_and_the_minimum_exactly() -> None:
    stage = Stage()
    for name in ("s", "t", "u"):
        stage.sell(name=name)
    stage.later("11:00")
    stage.sell_price("6")
    stage.model.coins["USDC.polygon"] = replace(stage.model.coins["USDC.polygon"])
    for name, amount in (("s", "8375.296666"), ("t", "1"), ("u", "8375.32")):
        stage.pay(name, amount)
    assert [stage.view(name).status for name in ("s", "t", "u")] == ["crypto_received", "crypto_received", "on_hold"]


def test_inside_the_tolerance_nothing_binds_after_the_bound_either() -> None:
    stage = Stage()
    order = stage.buy("49999.00")
    stage.model.customers["c"].banned = True
    stage.pay("o", "50004.00")
    stage.model.customers["c"].banned = False
    stage.later("11:01", day=1)
    stage.model.limits[("EUR", 2)] = replace(stage.model.limits[("EUR", 2)], transaction=euro("99999"))
    order.held_by_person = False
    order.hold_reason = "liquidity"
    stage.model.settle()
    assert stage.view("o").at_market and stage.view("o").accepted == euro("50004.00")


def test_flags_have_amounts() -> None:
    stage = Stage()
    for name in ("short", "over", "late"):
        stage.buy(name=name)
    stage.pay("short", "600.00")
    stage.pay("over", "1500.00")
    stage.later("12:01")
    stage.pay("late", "700.00")
    flags = {name: [(flag.kind, flag.amount) for flag in stage.model.orders[name].unusual] for name in ("short", "over", "late")}
    both = [("late", euro("700.00")), ("short", euro("300.00"))]
    assert flags == {"short": [("short", euro("400.00"))], "over": [("over", euro("500.00"))], "late": both}


def test_a_surplus_below_the_refund_minimum_is_set_aside() -> None:
    stage = Stage(over="back", tolerance_basis_points=0)
    stage.buy()
    stage.pay("o", "1000.99")
    stage.buy(name="p")
    stage.pay("p", "1001.00")
    stage.model.play_outside()
    assert (stage.view("o").set_aside, stage.view("o").refunded) == (euro("0.99"), 0)
    assert (stage.view("p").set_aside, stage.view("p").refunded) == (0, euro("1.00"))


def test_a_surplus_without_destination_is_set_aside() -> None:
    stage = Stage(over="back")
    stage.buy()
    stage.pay("o", "1500.00", returnable=False)
    assert stage.view("o").set_aside == euro("500.00") and stage.view("o").status == "payment_received"


def test_1_3_coins_in_a_block_are_waited_for_in_time_or_late() -> None:
    stage = Stage()
    order = stage.sell()
    stage.pay("s", "200")
    stage.model.now = at("11:00")
    stage.model.deposit_seen(stage.fact("s", "300", first_block=at("11:00"), key="late:0"))
    assert order.pending
    stage.later("11:02")
    assert not order.decided
    stage.model.deposit_confirmed("late:0")
    stage.model.settle()
    assert order.decided and stage.view("s").accepted == coins("500")


def test_a_hold_for_a_destination_is_the_decision() -> None:
    stage = Stage(short="refund")
    stage.buy()
    stage.pay("o", "600.00", returnable=False)
    stage.later("12:01")
    later = stage.pay("o", "400.00")
    assert stage.view("o").hold_reason == "destination" and later.aside == euro("400.00")


def test_the_fees_of_a_sale() -> None:
    fees = Fees(50, 50, 2)
    out = sale(coins("200"), coins("300"), Fraction("0.88"), Fraction("0.80"), fees, fees, Pair(2, 6))
    assert (out.fee_promise, out.fee_market) == (140, 120)
    alone = sale(0, coins("300"), None, Fraction("0.80"), fees, Fees(60, 50, 2), Pair(2, 6))
    assert (alone.at_promise, alone.at_market, alone.fee_market) == (0, 24_000 - 182, 182)


def net_of_nothing(stage: Stage) -> None:
    """A method whose fees are the whole of 600.00."""
    stage.model.methods["ESP.transfer"] = replace(stage.model.methods["ESP.transfer"], fee_fixed=euro("598.48"))


def test_a_short_net_of_nothing_is_set_aside() -> None:
    stage = Stage()
    net_of_nothing(stage)
    order = stage.buy()
    stage.pay("o", "600.00")
    stage.later("12:01")
    assert stage.view("o").set_aside == euro("600.00") and stage.view("o").accepted == 0 and order.status == "started"


def test_a_late_net_of_nothing_is_set_aside() -> None:
    stage = Stage()
    stage.buy()
    net_of_nothing(stage)
    stage.later("11:00")
    stage.pay("o", "600.00")
    assert stage.view("o").set_aside == euro("600.00") and stage.view("o").accepted == 0


def test_a_promised_net_of_nothing_beside_late_money() -> None:
    stage = Stage()
    net_of_nothing(stage)
    stage.buy()
    stage.pay("o", "600.00")
    stage.model.now = at("11:00")
    stage.pay("o", "700.00")
    stage.later("12:01")
    view = stage.view("o")
    assert (view.set_aside, view.accepted, view.at_promise) == (euro("600.00"), euro("700.00"), 0)


@pytest.mark.parametrize(("available", "accepted"), [("1633.311111", "1500.00"), ("1633.311110", "1000.00")])
def test_a_surplus_takes_exactly_the_free_coins(available: str, accepted: str) -> None:
    stage = Stage()
    stage.buy()
    stage.buy_price("0.95")
    stage.model.balances["USDC.polygon"] = coins(available)
    stage.pay("o", "1500.00")
    assert stage.view("o").accepted == euro(accepted)


def test_bought_coins_may_be_the_maximum_exactly() -> None:
    stage = Stage()
    stage.buy()
    stage.buy_price("0.95")
    stage.later("11:00")
    stage.model.coins["USDC.polygon"] = replace(stage.model.coins["USDC.polygon"], maximum=coins("1049.978947"))
    stage.buy("10.00", name="p")
    stage.later("12:00")
    stage.pay("p", "1000.00")
    assert stage.view("p").decided == coins("1049.978947") and stage.view("p").status == "payment_received"


def test_short_hold_is_the_decision() -> None:
    stage = Stage(short="hold")
    stage.buy()
    stage.pay("o", "600.00")
    stage.later("12:01")
    later = stage.pay("o", "400.00")
    assert later.aside == euro("400.00")


def test_at_the_end_of_the_promise_the_customers_part_is_too_late() -> None:
    stage = Stage()
    stage.buy()
    stage.model.customers["c"].identity_valid = False
    stage.pay("o", "1000.00")
    stage.buy_price("0.95")
    stage.model.customers["c"].identity_valid = True
    stage.model.advance(at("11:00"))
    assert stage.view("o").at_market == coins("1049.978947")


def test_each_order_has_a_running_item_of_its_own() -> None:
    stage = Stage()
    for name in ("a", "b"):
        stage.buy(name=name)
        stage.pay(name, "0.50")
        stage.pay(name, "0.40")
    assert stage.model.suspense() == [("a", "below_minimum", 90), ("b", "below_minimum", 90)]


def test_a_second_reversal_of_what_was_stopped_is_nothing() -> None:
    stage = Stage()
    order = stage.buy("100.00", "ESP.card")
    receipt = stage.pay("o", "100.00")
    stage.model.reversal(receipt.key)
    stage.model.reversal(receipt.key)
    assert receipt.taken_back == receipt.amount and order.loss == 0 and receipt.waiting == 0


def test_a_dispute_won_gives_back_no_more_than_was_taken() -> None:
    stage = Stage()
    order = stage.buy("100.00", "ESP.card")
    receipt = stage.pay("o", "100.00")
    stage.model.play_outside()
    stage.model.reversal(receipt.key)
    stage.model.dispute_won(receipt.key, euro("150.00"))
    assert order.loss == 0 and receipt.aside == 0 and receipt.parts() == receipt.amount


# --- whose ---

@pytest.mark.parametrize(("amount", "taken"), [("797.00", "first"), ("796.00", "first"), ("795.99", None), ("804.00", "first"), ("804.01", None)])
def test_2_3_the_edges_of_completing(amount: str, taken: str | None) -> None:
    stage = Stage()
    stage.buy_price("17", "MXN")
    stage.buy("800.00", "MEX.SPEI", "first")
    stage.buy("5000.00", "MEX.SPEI", "second")
    assert stage.pay("first", amount, named=(), account_of="c").order == taken


def test_2_3_duplicates_for_72_hours_to_the_end() -> None:
    for late, taken in ((0, None), (1, "b")):
        stage = Stage()
        stage.buy_price("17", "MXN")
        stage.buy("500.00", "MEX.SPEI", "a")
        stage.buy("800.00", "MEX.SPEI", "b")
        stage.pay("a", "500.00", named=(), account_of="c")
        stage.model.now = at("10:00", day=3) + late
        assert stage.pay("a", "500.00", named=(), account_of="c").order == taken


def test_2_3_of_that_rail_and_customer_only() -> None:
    stage = Stage()
    stage.buy_price("17", "MXN")
    stage.model.customers["d"] = customer("d", 2)
    stage.buy("500.00", "MEX.SPEI", "theirs", who="d")
    stage.buy("500.00", "MEX.OXXO", "voucher")
    stage.buy("800.00", "MEX.SPEI", "mine")
    assert stage.pay("mine", "500.00", named=(), account_of="c").order == "mine"


def test_money_for_a_cancelled_order_is_late() -> None:
    stage = Stage()
    stage.model.cancel(stage.buy())
    stage.pay("o", "1000.00")
    assert stage.view("o").exceptions == ("late",) and stage.view("o").set_aside == euro("1000.00")
