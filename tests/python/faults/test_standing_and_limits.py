"""Who may go on when the money is there, whose money it is, and what the customer's limits get back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from client.partner_client import Failure, eventually
from faults.frame import Ramp, spanish_account
from upgrade.installation import STRANGER


@pytest.mark.fault(20)
def test_coins_do_not_leave_without_an_identity(ramp: Ramp) -> None:
    """It goes on by itself when the identity is valid again."""
    ramp.market("0.90")
    person = ramp.spaniard()
    name = ramp.buying(person)
    ramp.command("customer", "kyc", str(person.id), "none")
    ramp.paying(name, "200.00")
    ramp.arrives(name, "on_hold", "coins_sent")
    assert ramp.quiet_then(person) == 0
    ramp.command("customer", "kyc", str(person.id), "basic")
    view = ramp.arrives(name, "coins_sent", seconds=30)
    assert Decimal(view["coin_amount_decimal"]) == ramp.sent(person) > 0


@pytest.mark.fault(20)
def test_money_does_not_leave_without_an_identity(ramp: Ramp) -> None:
    ramp.market("0.90")
    person = ramp.spaniard()
    name = ramp.selling(person)
    ramp.command("customer", "kyc", str(person.id), "none")
    ramp.depositing(name, "100")
    ramp.arrives(name, "on_hold", "finished")
    ramp.quiet()
    assert ramp.paid(person) == 0
    ramp.command("customer", "kyc", str(person.id), "basic")
    ramp.arrives(name, "finished", seconds=30)
    assert ramp.paid(person) == Decimal("89.03")


@pytest.mark.fault(20)
def test_an_identity_that_is_withdrawn_while_coins_wait(ramp: Ramp) -> None:
    """The order was taken; its coins were not signed yet."""
    ramp.market("0.90")
    person = ramp.spaniard()
    name = ramp.buying(person)
    ramp.fault("screening", "questions")
    ramp.paying(name, "200.00")
    ramp.arrives(name, "payment_received")
    ramp.command("customer", "kyc", str(person.id), "none")
    ramp.mend("screening")
    ramp.arrives(name, "on_hold", "coins_sent", seconds=10)
    assert ramp.quiet_then(person) == 0


def ordering_refused(ramp: Ramp, person: object, amount: str) -> str | None:
    """The code with which an order is refused; nothing when it is made."""
    try:
        ramp.buying(person, amount, method="card")  # type: ignore[arg-type]
    except Failure as failure:
        return failure.code
    return None


@pytest.mark.fault(22)
def test_refunds_give_limits_back(ramp: Ramp) -> None:
    """A day of level 1 takes 3,000. Each of these captures is short, and goes back."""
    ramp.dawn()
    ramp.market("0.90")
    person = ramp.spaniard()
    for _ in range(3):
        name = ramp.buying(person, "1000.00", method="card")
        ramp.pay(name, "900.00")
        ramp.arrives(name, "refunded", seconds=2)
    assert ordering_refused(ramp, person, "1000.00") is None


@pytest.mark.fault(22)
def test_chargebacks_before_coins_left_give_limits_back(ramp: Ramp) -> None:
    ramp.dawn()
    ramp.market("0.90")
    person = ramp.spaniard()
    ramp.fault("screening", "questions")
    for _ in range(3):
        name = ramp.buying(person, "1000.00", method="card")
        ramp.pay(name)
        ramp.arrives(name, "payment_received")
        ramp.charge_back(name)
        ramp.arrives(name, "failed")
    assert ordering_refused(ramp, person, "1000.00") is None


@pytest.mark.fault(25)
@pytest.mark.parametrize("has_account", [True, False])
def test_a_strangers_money_goes_to_the_stranger(ramp: Ramp, has_account: bool) -> None:
    """A person sends it back by the command there is: of the order while it is on hold for it, else of what is set aside."""
    ramp.market("0.90")
    person, strangers = ramp.spaniard(), spanish_account()
    name = ramp.buying(person, **({"refund_account": person.account} if has_account else {}))
    ramp.paying(name, "200.00", STRANGER, strangers)

    def look() -> list[dict[str, object]]:
        return ramp.items(kind="suspense", order=ramp.orders[name]["id"]) or [ramp.view(name)]

    (found,) = eventually(look, lambda found: found[0].get("kind") == "suspense" or found[0]["status"] == "on_hold")
    if found.get("kind") == "suspense":
        ramp.command("review", "resolve", str(found["id"]), "return")
    else:
        ramp.order("refund", name)
    eventually(lambda: (ramp.paid(strangers), ramp.paid(person)), lambda paid: sum(paid) == 200, seconds=8)
    assert (ramp.paid(strangers), ramp.paid(person)) == (200, 0)
