"""Wallets that can never be spent from, that anybody can spend from, and that are not the customer's: in both legs, on pages, by commands."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from audit.frame import link, post, press
from client.partner_client import eventually
from faults.frame import Person, Ramp, wallet

from .bech32 import BECH32, BECH32M, address, key
from .frame import order_body, refused_field

PLAYED = ("--actor", "operator", "--reason", "played")
BITCOIN = {"coin_symbol": "BTC", "coin_chain": "bitcoin"}
ANYBODYS = [
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", address(1, bytes(range(1, 41))), address(1, bytes([0x4E, 0x73])),
    address(1, key(True)[:31]), address(1, key(True) + b"\1"), address(1, bytes(range(20))),
]
"""Of version 1, but not of 32 bytes: no signature is asked for (BIP 341)."""
UNKNOWN = [address(2, key(True)), address(16, bytes([0x75, 0x1E])), address(3, bytes(range(20)))]
NOBODYS = [address(1, key(False)), address(1, b"\xff" * 32), address(1, key(False, 2**200))]
"""Of 32 bytes that are no coordinate of the curve."""
MISWRITTEN = [address(1, key(True), BECH32), address(0, bytes(range(20)), BECH32M), address(0, bytes(range(25)))]
BURNED_BITCOIN = ["1111111111111111111114oLvT2"]
GOOD_BITCOIN = [
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", address(1, key(True, 2**100)), address(0, bytes(range(20))),
    address(0, bytes(range(32))), address(0, bytes(range(20))).upper(), "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
]

BURNED = [
    "0x000000000000000000000000000000000000dEaD", "0x000000000000000000000000000000000000dead", "0x0000000000000000000000000000000000000001",
    "0x0000000000000000000000000000000000000009", "0x000000000000000000000000000000000000000a", "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE",
    "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "0x0000000000000000000000000000000000000000",
]
CONTRACTS = {
    "polygon": "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", "ethereum": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
    "bsc": "0x55d398326f99059fF775485246999027B3197955",
}
"""A token's contract on each chain."""


_one: dict[str, Person] = {}


def somebody(ramp: Ramp) -> Person:
    """Whose orders are tried: one for all of them, at the level of large amounts."""
    return _one.get(ramp.rampart.url) or _one.setdefault(ramp.rampart.url, ramp.spaniard(level=2))


def tried(ramp: Ramp, to: str, **more: Any) -> httpx.Response:
    """An order to buy to this wallet."""
    person = somebody(ramp)
    return post(ramp.client, "/api/createPayment", **{**order_body(person), "wallet": to, **more})


def tried_to_sell(ramp: Ramp, refund_wallet: str, symbol: str = "USDC", chain: str = "polygon", amount: str = "100") -> httpx.Response:
    """An order to sell that names where its coins may go back to."""
    person = somebody(ramp)
    body = {"user_id": person.id, "amount": amount, "symbol": symbol, "blockchain": chain, "iban": person.account, "refund_wallet": refund_wallet}
    return post(ramp.client, "/api/createRampoff", **body)


def is_refused(answer: httpx.Response, field: str) -> None:
    assert (refused_field(answer), answer.json()["error"]) == ([field], "invalid_wallet"), answer.text


# --- Bitcoin ---


@pytest.mark.entry("bitcoin wallets")
@pytest.mark.parametrize("to", ANYBODYS + UNKNOWN + NOBODYS + MISWRITTEN)
def test_coins_go_to_no_address_that_is_everybodys_or_nobodys(ramp: Ramp, to: str) -> None:
    is_refused(tried(ramp, to, **BITCOIN), "wallet")
    is_refused(tried_to_sell(ramp, to, "BTC", "bitcoin", "0.001"), "refund_wallet")


@pytest.mark.entry("bitcoin wallets")
@pytest.mark.parametrize("to", GOOD_BITCOIN)
def test_coins_go_to_addresses_that_somebody_can_spend_from(ramp: Ramp, to: str) -> None:
    assert tried(ramp, to, **BITCOIN).status_code == 200
    assert tried_to_sell(ramp, to, "BTC", "bitcoin", "0.001").status_code == 200


@pytest.mark.entry("bitcoin wallets")
@pytest.mark.parametrize("to", [ANYBODYS[0], NOBODYS[0]])
def test_pages_calls_and_commands_take_none_either(ramp: Ramp, to: str) -> None:
    name = ramp.selling(somebody(ramp), "0.001", "BTC.bitcoin")
    assert press(link(ramp, name), action="refund", wallet=to).status_code == 422
    is_refused(post(ramp.client, "/api/setRefundWallet", rampoff_id=ramp.orders[name]["id"], refund_wallet=to, wallet=to), "refund_wallet")
    code, said = ramp.tried("treasury", "withdraw", "chain:bitcoin:hot", "BTC:bitcoin", "0.001", "--to", to, *PLAYED)
    assert code != 0, said


# --- EVM ---


@pytest.mark.entry("burn addresses")
@pytest.mark.parametrize("to", BURNED)
def test_coins_are_not_burned(ramp: Ramp, to: str) -> None:
    is_refused(tried(ramp, to), "wallet")
    is_refused(tried_to_sell(ramp, to), "refund_wallet")


@pytest.mark.entry("burn addresses")
@pytest.mark.parametrize("to", BURNED_BITCOIN)
def test_nor_are_coins_of_bitcoin(ramp: Ramp, to: str) -> None:
    is_refused(tried(ramp, to, **BITCOIN), "wallet")
    is_refused(tried_to_sell(ramp, to, "BTC", "bitcoin", "0.001"), "refund_wallet")


@pytest.mark.entry("burn addresses")
def test_pages_and_commands_burn_none_either(ramp: Ramp) -> None:
    name = ramp.selling(somebody(ramp))
    assert press(link(ramp, name), action="refund", wallet=BURNED[0]).status_code == 422
    code, said = ramp.tried("treasury", "withdraw", "chain:polygon:hot", "USDC:polygon", "1", "--to", BURNED[0], *PLAYED)
    assert code != 0, said


@pytest.mark.entry("one space of addresses")
@pytest.mark.parametrize("chain", CONTRACTS)
@pytest.mark.parametrize("coin", ["USDC.polygon", "USDC.ethereum", "USDC.bsc"])
def test_a_contract_of_another_chain_is_nobodys_wallet(ramp: Ramp, chain: str, coin: str) -> None:
    symbol, where = coin.split(".")
    is_refused(tried(ramp, CONTRACTS[chain], coin_symbol=symbol, coin_chain=where), "wallet")
    is_refused(tried_to_sell(ramp, CONTRACTS[chain], symbol, where), "refund_wallet")


@pytest.mark.entry("one space of addresses")
def test_an_address_of_ours_is_ours_on_every_chain(ramp: Ramp) -> None:
    """Also without the letters' case, and for what goes back."""
    ours = ramp.orders[ramp.selling(somebody(ramp))]["answer"]["wallet"]
    for chain in ("polygon", "ethereum", "bsc"):
        for written in (ours, ours.lower()):
            is_refused(tried(ramp, written, coin_chain=chain), "wallet")
            is_refused(tried_to_sell(ramp, written, chain=chain), "refund_wallet")


@pytest.mark.entry("one space of addresses")
def test_no_two_sales_have_one_address_whatever_their_chains(ramp: Ramp) -> None:
    person = somebody(ramp)
    for coin in ("USDC.polygon", "USDC.ethereum", "USDC.bsc", "USDC.polygon", "ETH.ethereum"):
        ramp.selling(person, coin=coin, amount="0.1" if coin.startswith("ETH") else "100")
    addresses = [order["answer"]["wallet"].lower() for order in ramp.orders.values() if order["leg"] == "sell"]
    assert len(addresses) == len(set(addresses)) >= 5


@pytest.mark.entry("one space of addresses")
def test_a_customers_wallet_is_one_on_every_chain(ramp: Ramp) -> None:
    to = wallet()
    for chain in ("polygon", "ethereum", "bsc"):
        assert tried(ramp, to, coin_chain=chain).status_code == 200
        assert tried_to_sell(ramp, to, chain=chain).status_code == 200


# --- coins on another chain ---


def items_of(ramp: Ramp, name: str) -> list[dict[str, Any]]:
    """What waits for a person and names this order."""
    result = json.loads(ramp.operate("review", "list", "--json"))["items"]
    return [item for item in result if ramp.orders[name]["id"] in json.dumps(item)]


@pytest.mark.entry("coins on the wrong network")
@pytest.mark.parametrize(("coin", "chain"), [("USDC.polygon", "ethereum"), ("USDC.ethereum", "polygon")])
def test_coins_on_another_chain_are_seen_and_given_back(ramp: Ramp, coin: str, chain: str) -> None:
    """They are an item that names the order, which goes on waiting for its own."""
    back = wallet()
    name = ramp.selling(somebody(ramp), coin=coin)
    ramp.depositing(name, "100", chain=chain)
    [item] = eventually(lambda: items_of(ramp, name), lambda found: len(found) == 1, seconds=8)
    assert ramp.view(name)["status"] == "created" and ramp.view(name)["received_amount"] in ("0", "0.000000", None)
    code, said = ramp.insist("review", "resolve", str(item["id"]), "return", "--wallet", back)
    assert code == 0, said

    def sent() -> bool:
        ramp.client.sandbox(f"chain/{chain}/blocks", {"count": 8})
        result = ramp.client.world(f"chain/{chain}/transactions", address=back)
        return any(row["to"].lower() == back for row in result)

    eventually(sent, bool, seconds=8)
    # The order goes on.
    ramp.depositing(name, "100", chain=coin.split(".")[1])
    ramp.arrives(name, "finished", seconds=1)
    ramp.operate("ledger", "verify")


@pytest.mark.entry("coins on the wrong network")
def test_coins_of_the_chain_that_was_named_are_no_item(ramp: Ramp) -> None:
    name = ramp.selling(somebody(ramp))
    ramp.depositing(name, "100")
    ramp.arrives(name, "finished", seconds=1)
    assert items_of(ramp, name) == []


# --- blanks ---


@pytest.mark.entry("blanks around a wallet")
@pytest.mark.parametrize("around", ["{} ", " {}", "\t{}\n", "{}\u00a0"], ids=ascii)
def test_blanks_around_a_wallet_are_none_of_it(ramp: Ramp, around: str) -> None:
    """In both legs, and on the page."""
    to = wallet()
    made = tried(ramp, around.format(to))
    assert made.status_code == 200, made.text
    assert tried(ramp, around.format(GOOD_BITCOIN[0]), **BITCOIN).status_code == 200
    sold = tried_to_sell(ramp, around.format(to))
    assert sold.status_code == 200, sold.text
    name = ramp.selling(somebody(ramp))
    changed = post(ramp.client, "/api/setRefundWallet", rampoff_id=ramp.orders[name]["id"], refund_wallet=around.format(to))
    assert changed.status_code == 200, changed.text
    other = ramp.selling(somebody(ramp))
    assert press(link(ramp, other), action="refund", wallet=around.format(to)).status_code in (200, 303)


@pytest.mark.entry("blanks around a wallet")
def test_coins_arrive_at_a_wallet_that_was_sent_with_a_blank(ramp: Ramp) -> None:
    person = ramp.spaniard()
    name = ramp.buying(person, "20.00", wallet=person.wallet + " ")
    ramp.paying(name, "20.00")
    ramp.arrives(name, "coins_sent")
    assert ramp.sent(person) > 0


@pytest.mark.entry("blanks around a wallet")
@pytest.mark.parametrize("to", ["", " ", "0xB51b2ce243bb1F88880bC8D287 EBbfd7F695Ac55", "0xb51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"], ids=ascii)
def test_other_mistakes_in_a_wallet_stay_mistakes(ramp: Ramp, to: str) -> None:
    assert refused_field(tried(ramp, to)) == ["wallet"]
