"""The scenes of the play: what the older version is led into, the ones that take long first."""

from __future__ import annotations

import httpx

from client.partner_client import eventually
from documents.synthetic import clabe

from .installation import ACCOUNT, REFUND_WALLET, STRANGER, STRANGERS_ACCOUNT
from .stage import Stage

REFUSED, RETURNED, SLOW = "ES1621000418410006660001", "ES9421000418440006660002", "ES0521000418430006660004"
REFUSED_WALLET = "0x6660003666000366600036660003666000366600"
LISTED_WALLET = "0x6660001666000166600016660001666000166600"


def ended_or_late(stage: Stage, carmen: int, mexican: int) -> None:
    """A day passes."""
    stage.buy("transfer expired", carmen)
    stage.buy("card expired", carmen, method="card")
    stage.buy("OXXO expired", mexican, "500.00", "OXXO", "MXN")
    stage.buy("SPEI expired", mexican, "600.00", "SPEI", "MXN")
    stage.sell("sale expired", carmen)
    stage.buy("transfer held late", carmen)
    stage.sell("sale held late", carmen)
    stage.buy("transfer cancelled", carmen)
    stage.sell("sale cancelled", carmen)
    stage.order("cancel", "transfer cancelled")
    stage.order("cancel", "sale cancelled")
    stage.advance(90_000)
    late = ("transfer held late", "sale held late")
    for name in ("transfer expired", "card expired", "OXXO expired", "SPEI expired", "sale expired", *late):
        stage.await_status(name, "expired")
    stage.price("0.95")
    stage.transfer("transfer held late", "200.00")
    stage.deposit("sale held late")
    for name in late:
        stage.await_status(name, "on_hold", mine=True)
    stage.price("0.90")


def held_while_nobody_screens(stage: Stage, carmen: int) -> None:
    """What is stopped, or taken back, before coins or money leave: screening that does not answer leaves time for that."""
    stage.fault("screening", "questions")
    stage.sell("sale held, undone by its chain", carmen)
    txid = stage.deposit("sale held, undone by its chain")
    stage.await_status("sale held, undone by its chain", "crypto_received", mine=True)
    stage.buy("card charged back before coins left", carmen, "90.00", "card")
    stage.pay("card charged back before coins left")
    stage.await_status("card charged back before coins left", "payment_received")
    stage.charge_back("card charged back before coins left")
    stage.await_status("card charged back before coins left", "failed")
    stage.buy("transfer held by an operator", carmen)
    stage.transfer("transfer held by an operator", "200.00")
    stage.await_status("transfer held by an operator", "payment_received")
    stage.order("hold", "transfer held by an operator")
    stage.client.sandbox("chain/polygon/reorg", {"depth": 12, "drop": [txid]})
    stage.blocks(40)
    stage.await_status("sale held, undone by its chain", "on_hold")
    stage.sell("sale held by an operator", carmen)
    stage.deposit("sale held by an operator")
    stage.await_status("sale held by an operator", "crypto_received", mine=True)
    stage.order("hold", "sale held by an operator")
    stage.mend("screening")


def held_purchases(stage: Stage, carmen: int, listed: int, mexican: int) -> None:
    """Purchases that wait for a person or for their customer."""
    stranger = {"payer": STRANGER, "account": STRANGERS_ACCOUNT}
    for name, amount, given, paid in (
        ("transfer held short", "120.00", {"refund_account": ACCOUNT}, {}),
        ("transfer held over", "260.00", {"refund_account": ACCOUNT}, {}),
        ("transfer held for its payer", "200.00", {"refund_account": ACCOUNT}, stranger),
        ("transfer held for its destination", "150.00", {}, {"account": None}),
        ("transfer held, refund refused", "140.00", {"refund_account": REFUSED}, {"account": REFUSED}),
        ("transfer refunded", "130.00", {"refund_account": ACCOUNT}, {}),
    ):
        stage.buy(name, carmen, **given)
        stage.transfer(name, amount, **paid)
        stage.await_status(name, "on_hold")
    stage.order("refund", "transfer held for its destination")
    stage.await_shown("transfer held for its destination", "refund_destination_needed")
    stage.order("refund", "transfer held, refund refused")
    stage.await_shown("transfer held, refund refused", "refund_failed")
    stage.order("refund", "transfer refunded")
    stage.await_status("transfer refunded", "refunded")

    stage.buy("transfer held by screening", listed)
    stage.transfer("transfer held by screening", "200.00", payer="Juan Sancionado Prueba")
    stage.buy("transfer held, coins refused", carmen, wallet=REFUSED_WALLET)
    stage.transfer("transfer held, coins refused", "200.00")
    stage.buy("card held over", carmen, "50.00", "card")
    stage.pay("card held over", "80.00")
    stage.buy("card held short", carmen, "50.00", "card")
    stage.pay("card held short", "30.00")
    stage.buy("SPEI held for its payer", mexican, "700.00", "SPEI", "MXN")
    stage.transfer("SPEI held for its payer", "700.00", STRANGER, clabe(stage.random))
    for name in ("transfer held by screening", "transfer held, coins refused", "card held over", "card held short", "SPEI held for its payer"):
        stage.await_status(name, "on_hold")


def held_sales(stage: Stage, carmen: int) -> None:
    """Sales that wait for a person or for their customer."""
    for name, amount, given, paid in (
        ("sale held short", "60", {"refund_wallet": REFUND_WALLET}, {}),
        ("sale held over", "140", {"refund_wallet": REFUND_WALLET}, {}),
        ("sale held by screening", "100", {"refund_wallet": REFUND_WALLET}, {"from": LISTED_WALLET}),
        ("sale held for its destination", "70", {}, {}),
        ("sale held, payout refused", "100", {"iban": REFUSED}, {}),
    ):
        stage.sell(name, carmen, **given)
        stage.deposit(name, amount, **paid)
        stage.await_status(name, "on_hold", mine=True)
    stage.order("refund", "sale held for its destination")
    stage.await_shown("sale held for its destination", "refund_destination_needed")


def quarantined(stage: Stage, carmen: int) -> None:
    """A payout that a person called failed, and that the bank then shows as settled: that version could not book it."""
    name = "sale called failed, then settled"
    stage.sell(name, carmen, iban=SLOW)
    stage.deposit(name)
    stage.await_status(name, "paying_out", mine=True)
    stage.command("payout", "fail", stage.await_payout(name, "accepted"))
    stage.await_status(name, "on_hold")
    stage.advance(3_700)
    eventually(lambda: stage.items(kind="quarantine"), bool)


def purchases_that_ended(stage: Stage, carmen: int, mexican: int) -> None:
    """Purchases that are done, by the policies that quote anew or send back."""
    for name, amount in (("transfer completed", "200.00"), ("transfer completed over", "320.00"), ("transfer completed short", "110.00")):
        stage.buy(name, carmen)
        stage.transfer(name, amount)
        stage.await_status(name, "coins_sent")
    stage.buy("SPEI completed", mexican, "650.00", "SPEI", "MXN")
    stage.transfer("SPEI completed", "650.00")
    stage.await_status("SPEI completed", "coins_sent")
    for name, ordered, paid, status in (
        ("card completed", "80.00", None, "coins_sent"), ("card charged back after coins left", "95.00", None, "coins_sent"),
        ("card refunded", "50.00", "20.00", "refunded"),
    ):
        stage.buy(name, carmen, ordered, "card")
        stage.pay(name, paid)
        stage.await_status(name, status)
    for name, paid, status in (("OXXO completed", None, "coins_sent"), ("OXXO refunded", "300.00", "refunded")):
        stage.buy(name, mexican, "500.00", "OXXO", "MXN")
        stage.pay(name, paid)
        stage.await_status(name, status)
    stage.blocks()
    stage.charge_back("card charged back after coins left")
    eventually(lambda: stage.view("card charged back after coins left"), lambda view: view["reversal"] == "chargeback")
    stage.buy("transfer held over, coins refused", carmen, wallet=REFUSED_WALLET)
    stage.transfer("transfer held over, coins refused", "290.00")
    stage.await_status("transfer held over, coins refused", "on_hold")


def sales_that_ended(stage: Stage, carmen: int) -> None:
    """Sales that are done."""
    for name, amount, given in (
        ("sale finished", "100", {}), ("sale finished over", "130", {}), ("sale finished short", "55", {}),
        ("sale finished, payout returned", "100", {"iban": RETURNED}),
    ):
        stage.sell(name, carmen, **given)
        stage.deposit(name, amount)
        stage.await_status(name, "finished", mine=True)
    eventually(lambda: stage.view("sale finished, payout returned"), lambda view: view["reversal"] == "bank_return")
    stage.sell("sale held over, payout refused", carmen, iban=REFUSED, refund_wallet=REFUND_WALLET)
    stage.deposit("sale held over, payout refused", "130")
    stage.await_status("sale held over, payout refused", "on_hold", mine=True)
    stage.sell("sale refunded", carmen, refund_wallet=REFUND_WALLET)
    stage.fault("screening", "questions")
    stage.deposit("sale refunded")
    stage.await_status("sale refunded", "crypto_received", mine=True)
    stage.order("hold", "sale refunded")
    stage.mend("screening")
    stage.order("refund", "sale refunded")
    stage.await_status("sale refunded", "refunded", mine=True)


def beside(stage: Stage) -> None:
    """Money and coins in suspense: beside an order, and nobody's."""
    stage.transfer("transfer completed", "15.00")
    stage.transfer("transfer completed", "33.00", with_reference=False)
    stage.transfer("SPEI completed", "77.00")
    stage.deposit("sale finished", "9")
    stage.deposit("sale expired", "8", "USDT")
    stage.blocks()
    eventually(lambda: stage.items(kind="suspense"), lambda items: len(items) == 5)


def behind_their_end(stage: Stage, carmen: int, mexican: int, limited: int) -> None:
    """Unpaid orders whose promise ends while nobody serves."""
    stage.buy("transfer behind its end", carmen, "210.00")
    stage.buy("transfer behind its end, to pay", carmen, "220.00")
    stage.buy("transfer at the limit, behind its end", limited, "1000.00")
    stage.buy("SPEI behind its end", mexican, "610.00", "SPEI", "MXN")
    stage.sell("sale behind its end", carmen)
    stage.advance(1_500)
    stage.buy("card behind its end", carmen, "60.00", "card")
    stage.advance(1_600)


def open_orders(stage: Stage, carmen: int, mexican: int, limited: int) -> None:
    """Orders that still wait when the older version stops."""
    for name in ("transfer open", "transfer open, to cancel", "transfer paid, not read"):
        stage.buy(name, carmen, "205.00")
    stage.buy("transfer at the limit, open", limited, "1000.00")
    stage.buy("card open", carmen, "65.00", "card")
    stage.buy("OXXO open", mexican, "510.00", "OXXO", "MXN")
    stage.buy("SPEI open", mexican, "620.00", "SPEI", "MXN")
    stage.sell("sale open", carmen)
    stage.buy("transfer declared", carmen, "215.00")
    page = stage.orders["transfer declared"]["answer"]["url_payment"]
    httpx.post(page, data={"action": "sent", "token": httpx.URL(page).params["token"]})
    stage.await_status("transfer declared", "pending_bank")


REFUNDS = {"transfer refund being paid": ACCOUNT, "transfer refund to be stopped": ACCOUNT, "transfer refund accepted": SLOW}
SALES = {
    "sale being paid": ACCOUNT, "sale paid, answer lost": ACCOUNT, "sale accepted by the bank": SLOW, "sale refund being sent": ACCOUNT,
    "sale over being paid, to be refused": REFUSED,
}
HELD_IN_TIME = {"transfer held in time": "200.00", "transfer at the limit, held": "1000.00"}


def stopped(stage: Stage, carmen: int, limited: int) -> None:
    """Whatever is to leave at its own moment is paid, and stopped before it can."""
    for name, account in REFUNDS.items():
        stage.buy(name, carmen, "230.00", refund_account=account)
    for name, amount in HELD_IN_TIME.items():
        stage.buy(name, limited if "limit" in name else carmen, amount)
    for name, account in SALES.items():
        stage.sell(name, carmen, iban=account, refund_wallet=REFUND_WALLET)
    stage.fault("screening", "questions")
    for name in SALES:
        stage.deposit(name, "130" if "over" in name else "100")
    stage.blocks()
    for name in (*REFUNDS, *HELD_IN_TIME):
        stage.transfer(name, HELD_IN_TIME.get(name, "230.00"))
    for name in (*REFUNDS, *HELD_IN_TIME, *SALES):
        stage.await_status(name, "crypto_received" if name in SALES else "payment_received")
        stage.order("hold", name)
    stage.mend("screening")


def under_way(stage: Stage, carmen: int) -> None:
    """The world begins to fail, and what is to leave is let go."""
    for name in ("transfer being sent", "transfer sent, answer lost", "transfer unconfirmed"):
        stage.buy(name, carmen, "205.00")
    stage.buy("transfer over being sent, to be refused", carmen, "205.00", wallet=REFUSED_WALLET)
    for name in ("card being screened", "card over being screened"):
        stage.buy(name, carmen, "67.00", "card")
    confirming = ("sale confirming", "sale confirming, to be undone")
    for name in (*confirming, "sale being screened"):
        stage.sell(name, carmen)

    stage.order("refund", "transfer refund accepted")
    stage.order("release", "sale accepted by the bank")
    for name in ("transfer refund accepted", "sale accepted by the bank"):
        stage.await_payout(name, "accepted")
    stage.deposit("sale being screened")
    stage.blocks(4)
    stage.await_status("sale being screened", "confirming")
    stage.transfer("transfer unconfirmed", "205.00")
    stage.await_status("transfer unconfirmed", "coins_sent")

    # An answer that was lost is followed by questions or by tries, and those fail as well.
    stage.fault("chain", outcome="unknown_done", count=1)
    stage.transfer("transfer sent, answer lost", "205.00")
    eventually(stage.waiting, lambda waiting: waiting == 2)
    stage.fault("chain")
    stage.transfer("transfer being sent", "205.00")
    stage.transfer("transfer over being sent, to be refused", "280.00")
    stage.order("refund", "sale refund being sent")
    for name in ("transfer being sent", "transfer over being sent, to be refused", "sale refund being sent"):
        stage.await_shown(name, "signed")
    stage.fault("bank", "questions")
    stage.fault("bank", outcome="unknown_done", count=1)
    stage.order("release", "sale paid, answer lost")
    stage.await_payout("sale paid, answer lost", "unknown")
    stage.fault("bank")
    queued = {
        "sale being paid": "release", "sale over being paid, to be refused": "release", "transfer refund being paid": "refund",
        "transfer refund to be stopped": "refund",
    }
    for name, command in queued.items():
        stage.order(command, name)
    for name in queued:
        stage.await_payout(name, "queued")

    stage.fault("screening", "questions")
    stage.pay("card being screened")
    stage.pay("card over being screened", "90.00")
    for name in ("card being screened", "card over being screened"):
        stage.await_status(name, "payment_received")
    for name in confirming:
        stage.orders[name]["txid"] = stage.deposit(name)
    stage.blocks(1)
    for name in confirming:
        stage.await_status(name, "confirming")
    stage.await_status("sale being screened", "crypto_received")
    stage.transfer("transfer paid, not read", "205.00")
