"""What is in suspense follows the providers and can be moved by a person, regardless of its owner."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from client.partner_client import eventually
from faults.frame import Ramp, spanish_account, wallet

LISTED_WALLET = "0x6660001666000166600016660001666000166600"


def unmatched_coins(own: Ramp, amount: str) -> tuple[dict[str, Any], str, str]:
    """Another coin at a sale's address: the item that lists it, its transaction, and the customer's wallet that it came from."""
    source = wallet()
    name = own.selling(own.spaniard(), refund_wallet=source)
    txid = own.depositing(name, amount, "USDT", **{"from": source})
    (item,) = eventually(lambda: own.items(kind="suspense", order=own.orders[name]["id"]), bool)
    return item, txid, source


def undo(own: Ramp, depth: int, *dropped: str) -> None:
    """The chain changes over to a fork in which these transactions never were; the others are taken into its blocks again."""
    own.client.sandbox("chain/polygon/reorg", {"depth": depth, "drop": list(dropped)})


def height(own: Ramp) -> int:
    return int(own.client.sandbox("chain/polygon/blocks", {"count": 1})["height"])


def mined(own: Ramp, shown: Any) -> Any:
    """What was looked at, and another block: a chain is looked at when it has one."""
    own.blocks(1)
    return shown


def in_suspense(own: Ramp) -> Decimal:
    return own.balance("suspense", "USDT:polygon")


@pytest.mark.fault(14)
def test_what_was_returned_is_not_listed_anew(fresh: Callable[..., Ramp]) -> None:
    """The chain reverts an unmatched deposit together with its return, and takes both again: no second decision is needed."""
    own = fresh()
    own.market("0.90")
    own.blocks(8)
    before = height(own)
    item, _, source = unmatched_coins(own, "77")
    own.command("review", "resolve", item["id"], "return")
    eventually(lambda: own.sent(source, "USDT"), lambda sent: sent == 77)
    eventually(lambda: mined(own, own.balance("in_transit:polygon", "USDT:polygon")), lambda left: left == 0)
    undo(own, height(own) - before)
    own.quiet()
    own.blocks(16)
    own.quiet()
    eventually(lambda: mined(own, (in_suspense(own), own.items(order=item["order"]))), lambda found: found == (0, []), seconds=10)
    assert own.sent(source, "USDT") == 77


@pytest.mark.fault(14)
def test_what_was_kept_and_undone_can_be_put_right(fresh: Callable[..., Ramp]) -> None:
    """What suspense lacks then is on the list, and a person writes it off. What others are owed from there goes back."""
    own = fresh()
    own.market("0.90")
    own.blocks(8)
    item, txid, _ = unmatched_coins(own, "77")
    own.command("review", "resolve", item["id"], "keep")
    undo(own, 10, txid)
    eventually(lambda: in_suspense(own), lambda balance: balance == -77)
    other, _, source = unmatched_coins(own, "30")
    (lacks,) = eventually(lambda: own.items(order=item["order"]), bool, seconds=5)
    assert lacks["amount"] == item["amount"]
    own.command("review", "resolve", lacks["id"], "write-off")
    own.command("review", "resolve", other["id"], "return")
    eventually(lambda: own.sent(source, "USDT"), lambda sent: sent == 30, seconds=8)
    eventually(lambda: mined(own, in_suspense(own)), lambda balance: balance == 0)
    assert own.items(order=item["order"]) == []


@pytest.mark.fault(17)
@pytest.mark.parametrize("is_banned", [True, False])
def test_money_without_a_destination_goes_back_to_its_account(ramp: Ramp, is_banned: bool) -> None:
    """The customer has named no account, and the bank has named the source."""
    ramp.market("0.90")
    person = ramp.spaniard()
    name = ramp.buying(person, wallet=LISTED_WALLET)
    ramp.paying(name, "200.00")
    ramp.arrives(name, "on_hold")
    if is_banned:
        ramp.command("customer", "ban", str(person.id))
    ramp.order("refund", name)
    ramp.arrives(name, "refunded", seconds=2)
    assert ramp.paid(person) == 200


@pytest.mark.fault(17)
def test_a_person_names_a_destination(ramp: Ramp) -> None:
    """Nothing but a command could do this, and the older version has none: there, this fails because of that."""
    ramp.market("0.90")
    person = ramp.spaniard()
    name = ramp.buying(person, wallet=LISTED_WALLET)
    ramp.transfer(name, "200.00", account=None)
    ramp.arrives(name, "on_hold")
    ramp.command("customer", "ban", str(person.id))
    ramp.order("refund", name)
    code, said = ramp.tried_order("destination", name, "--account", person.account, "--holder", "Carmen García López")
    assert code == 0, said
    ramp.arrives(name, "refunded", seconds=2)
    assert ramp.paid(person) == 200


@pytest.mark.fault(17)
@pytest.mark.parametrize("is_known", [True, False])
def test_a_person_names_a_destination_for_what_is_nobodys(ramp: Ramp, is_known: bool) -> None:
    """Money that names no order goes where a person says, whether its sender is known or not; the older version has no such command."""
    ramp.market("0.90")
    before, person, elsewhere = ramp.balance("suspense", "EUR"), ramp.spaniard(), spanish_account()
    amount = "45.20" if is_known else "45.30"
    ramp.transfer(ramp.buying(person), amount, account=person.account if is_known else None, with_reference=False)
    (item,) = eventually(lambda: ramp.items(kind="suspense", amount=f"{amount} EUR"), bool)
    to = ["--account", elsewhere, "--holder", "Carmen García López", "--actor", "operator", "--reason", "played"]
    code, said = ramp.tried("review", "resolve", item["id"], "return", *to)
    assert code == 0, said
    eventually(lambda: ramp.paid(elsewhere), lambda paid: paid == Decimal(amount), seconds=8)
    eventually(lambda: ramp.balance("suspense", "EUR"), lambda balance: balance == before)
    assert ramp.paid(person) == 0 and ramp.items(kind="suspense", amount=f"{amount} EUR") == []


@pytest.mark.fault(17)
def test_nothing_with_a_balance_is_dismissed(ramp: Ramp) -> None:
    before = ramp.balance("suspense", "EUR")
    ramp.market("0.90")
    ramp.transfer(ramp.buying(ramp.spaniard()), "44.10", with_reference=False)
    (item,) = eventually(lambda: ramp.items(kind="suspense", amount="44.10 EUR"), bool)
    code, said = ramp.tried("review", "resolve", item["id"], "dismiss", "--actor", "operator", "--reason", "played")
    assert ramp.balance("suspense", "EUR") - before == Decimal("44.10")
    assert code != 0, said
    assert ramp.items(kind="suspense", amount="44.10 EUR") == [item]
