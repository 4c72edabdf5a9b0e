"""The model: the thirteen worked examples of the rules, to the last digit."""

from __future__ import annotations

from .stage import Stage, at, coins, euro


def test_1_inside_the_tolerance_at_once() -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "996.00")
    view = stage.view("o")
    assert view.status == "payment_received"
    assert view.fees == euro("2.49") + euro("0.02")
    assert view.decided == coins("1103.877777")
    assert view.exceptions == ()


def test_2_short_is_decided_after_the_end() -> None:
    stage = Stage()
    stage.buy()
    stage.pay("o", "600.00")
    assert stage.view("o").status == "started" and stage.view("o").received == euro("600.00")
    stage.later("11:00")
    stage.later("12:00")
    assert stage.view("o").status == "started", "a reading that begins with the allowance, not after it"
    stage.later("12:00:01")
    view = stage.view("o")
    assert view.status == "payment_received"
    assert view.fees == euro("1.50") + euro("0.02")
    assert view.decided == coins("664.977777")
    assert view.exceptions == ("short",)


def test_3_two_days_late_bears_all_fees() -> None:
    stage = Stage()
    stage.buy()
    stage.buy_price("0.95")
    stage.later("10:00", day=2)
    stage.pay("o", "1000.00")
    view = stage.view("o")
    assert view.decided == view.at_market == coins("1049.978947")
    assert view.exceptions == ("late",)


def test_4_cents_first_are_on_the_running_item() -> None:
    stage = Stage()
    stage.buy()
    cents = stage.pay("o", "0.50")
    assert stage.view("o").status == "started" and stage.view("o").received == 0
    stage.pay("o", "999.50")
    view = stage.view("o")
    assert view.fees == euro("2.50") + euro("0.02")
    assert view.decided == coins("1107.755555")
    assert cents.aside == view.set_aside == euro("0.50")
    assert [item.receipts for item in stage.model.items if item.running] == [[cents.key]]


def test_5_a_surplus_beyond_the_transaction_limit() -> None:
    stage = Stage(level=1)
    stage.buy()
    stage.buy_price("0.95")
    stage.pay("o", "1500.00")
    view = stage.view("o")
    assert view.decided == coins("1108.311111")
    assert view.set_aside == euro("500.00")
    assert stage.model.suspense() == [("o", "limit", euro("500.00"))]
    assert stage.model.counted("o") == [(at("10:00"), euro("1000.00"))]


def test_6_a_short_capture_goes_back_at_once() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    stage.pay("o", "60.00")
    assert stage.view("o").status == "refund_pending"
    stage.model.play_outside()
    view = stage.view("o")
    assert (view.status, view.refunded, view.accepted) == ("refunded", euro("60.00"), 0)


def test_7_a_capture_of_too_much() -> None:
    stage = Stage()
    stage.buy("100.00", "ESP.card")
    stage.buy_price("0.95")
    stage.pay("o", "130.00")
    view = stage.view("o")
    assert (view.at_promise, view.at_market, view.decided) == (coins("108.7"), coins("30.978947"), coins("139.678947"))


def test_8_a_sale_partly_late() -> None:
    stage = Stage()
    stage.sell()
    stage.pay("s", "200", first_block=at("10:10"))
    stage.sell_price("0.80")
    stage.model.now = at("11:00:30")
    stage.pay("s", "300", first_block=at("11:00:30"))
    assert stage.view("s").status == "created"
    stage.later("11:02")
    view = stage.view("s")
    assert (view.at_promise, view.at_market, view.decided) == (euro("174.60"), euro("238.80"), euro("413.40"))


def test_9_the_same_sale_in_time() -> None:
    stage = Stage()
    stage.sell()
    stage.pay("s", "500")
    assert stage.view("s").decided == euro("437.28")
    assert stage.view("s").status == "crypto_received"


def test_10_a_voucher_is_priced_when_it_is_paid() -> None:
    stage = Stage()
    stage.buy_price("17", "MXN")
    stage.buy("500.00", "MEX.OXXO")
    stage.buy_price("18", "MXN")
    stage.later("12:00", day=1)
    stage.pay("o", "500.00")
    view = stage.view("o")
    assert view.fees == euro("28.37")
    assert view.decided == coins("26.201666")
    assert view.exceptions == ()


def test_11_backdating_within_the_allowance() -> None:
    stage = Stage()
    stage.backdating("ESP.transfer", 900)
    stage.buy()
    stage.buy_price("0.95")
    stage.later("11:10")
    stage.model.now = at("11:12")
    stage.pay("o", "1000.00", at("10:59"))
    view = stage.view("o")
    assert view.decided == view.at_promise == coins("1108.311111")


def test_12_backdating_beyond_the_allowance() -> None:
    stage = Stage()
    stage.backdating("ESP.transfer", 900)
    stage.buy()
    stage.buy_price("0.95")
    stage.later("11:20")
    stage.model.now = at("11:25")
    receipt = stage.pay("o", "1000.00", at("10:59"))
    assert receipt.time == at("11:20")
    view = stage.view("o")
    assert view.decided == view.at_market == coins("1049.978947")


def test_13_a_silent_feed_costs_the_customer_nothing() -> None:
    stage = Stage()
    stage.backdating("ESP.transfer", 900)
    stage.buy()
    stage.later("10:30")
    stage.buy_price("0.95")
    stage.later("13:00", readings=False)
    assert stage.model.orders["o"].reserved == 0, "nothing received: the coins were given back"
    stage.pay("o", "1000.00", at("10:59"))
    view = stage.view("o")
    assert view.decided == view.at_promise == coins("1108.311111")


def test_13_without_free_coins_it_waits_at_that_price_until_the_next_day() -> None:
    stage = Stage()
    stage.buy()
    stage.later("10:30")
    stage.buy_price("0.95")
    stage.later("13:00", readings=False)
    stage.model.balances["USDC.polygon"] = coins("1000")
    stage.pay("o", "1000.00", at("10:59"))
    assert (stage.view("o").status, stage.view("o").hold_reason) == ("on_hold", "liquidity")
    stage.later("10:59:59", day=1)
    stage.model.balances["USDC.polygon"] = coins("2000")
    stage.model.settle()
    view = stage.view("o")
    assert view.decided == view.at_promise == coins("1108.311111")


def test_13_after_the_bound_it_goes_at_the_market() -> None:
    stage = Stage()
    stage.buy()
    stage.later("10:30")
    stage.buy_price("0.95")
    stage.later("13:00", readings=False)
    stage.model.balances["USDC.polygon"] = coins("1000")
    stage.pay("o", "1000.00", at("10:59"))
    stage.model.balances["USDC.polygon"] = coins("2000")
    stage.later("11:00:01", day=1)
    view = stage.view("o")
    assert view.decided == view.at_market == coins("1049.978947")
