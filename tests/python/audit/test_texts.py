"""Texts that do not show what they hold, in what is asked, printed and shown; and names of one partner."""

from __future__ import annotations

import json
import unicodedata

import pytest

from audit.frame import Another, page, post
from client.people import spaniard
from faults.frame import Ramp

INVISIBLE = ["\u200b", "\u202e", "\u2067", "\ufeff", "\u00ad", "\U000e0041", "\ue000"]
CONTROLS = ["\n", "\x1b", "\x9b"]
NAMES = ["O'Brien", "D’Angelo", "Nuñez José", "김철수", "עמוס", "علی\u200cرضا"]
"""Of people, and taken: also with a joiner where a script needs it."""


def hidden(text: str) -> list[str]:
    """What in a printed text commands a terminal or is not seen. Lines may end."""
    return [letter for letter in text if letter != "\n" and unicodedata.category(letter) in ("Cc", "Cf", "Co")]


@pytest.mark.entry("control characters")
@pytest.mark.parametrize("letter", CONTROLS, ids=ascii)
def test_commands_take_no_control_characters(ramp: Ramp, another: Another, letter: str) -> None:
    text, id_ = f"a{letter}b", another.partner.id
    for command in (
        ("partner", "create", "--name", text),
        ("partner", "set", id_, "--name", text),
        ("partner", "disable", id_, "--reason", "played", "--actor", text),
        ("partner", "disable", id_, "--actor", "operator", "--reason", text),
    ):
        code, said = ramp.tried(*command)
        assert code != 0 and "control characters" in said and text not in said, (command, said)


@pytest.mark.entry("control characters")
def test_what_comes_from_outside_is_written_out(ramp: Ramp) -> None:
    """Processors write what they like, and it is kept."""
    name = ramp.buying(ramp.spaniard(), "20.00", method="card")
    order = ramp.orders[name]["id"]
    ramp.client.sandbox(f"payments/{order}/pay", {"holder": "Some\u2067body\u200b"})
    ramp.arrives(name, "coins_sent")
    ramp.client.sandbox(f"payments/{order}/chargeback", {"reason": "f\u202eraud\ufeff"})
    ramp.wait(lambda: ramp.view(name)["reversal"], lambda reversal: reversal == "chargeback")
    shown = [ramp.operate(*command) for command in (("order", "show", order), ("review", "list", "--all"))]
    assert [hidden(text) for text in shown] == [[], []]
    assert "f\\u{202e}raud\\u{feff}" in "".join(shown)


@pytest.mark.entry("control characters")
def test_complaints_repeat_nothing_of_the_kind(ramp: Ramp) -> None:
    code, said = ramp.tried("partner", "disable", "ac\u202eme\x1b[2J", "--actor", "operator", "--reason", "played")
    assert code != 0 and hidden(said) == [], ascii(said)


@pytest.mark.entry("invisible characters")
@pytest.mark.parametrize("letter", INVISIBLE, ids=ascii)
def test_what_nobody_sees_is_refused_where_it_can_be_typed_anew(ramp: Ramp, letter: str) -> None:
    text, code = f"a{letter}b", f"U+{ord(letter):04X}"
    for field in ("name", "last_name", "city", "address"):
        refused = post(ramp.client, "/api/registerUser", **spaniard(**{field: text}))
        assert (refused.status_code, list(refused.json().get("errors", ()))) == (422, [field]), refused.text
        assert code in refused.text
    body = {"user_id": 1, "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 20, "coin_symbol": "USDC", "coin_chain": "polygon"}
    refused = post(ramp.client, "/api/createPayment", **body, wallet="0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55", external_id=text)
    assert code in refused.json().get("errors", {}).get("external_id", [""])[0], refused.text


@pytest.mark.entry("invisible characters")
def test_pages_hold_names_apart(ramp: Ramp, another: Another) -> None:
    """What runs from right to left, or is written as if it were an amount, does not change what stands around it."""
    for name in NAMES:
        assert another.register_user(spaniard(name=name))["name"] == name
    name = f"חנות {another.name} (7)"
    ramp.operate("partner", "set", another.partner.id, "--name", name)
    user = another.verified_user(spaniard())
    body = {"user_id": user, "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 20, "coin_symbol": "USDC", "coin_chain": "polygon"}
    made = another.create_payment({**body, "wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"})
    shown = page(made["url_payment"].replace("/gateway/card", "/status")).text
    apart = shown.count(f"<bdi>{name}</bdi>") + shown.count(f"\u2068{name}\u2069")
    assert apart == shown.count(name) > 0, shown


@pytest.mark.entry("names")
def test_a_partners_name_is_its_own(ramp: Ramp, another: Another) -> None:
    """Operators call partners by name."""
    with Another(ramp) as third:
        for command in (("partner", "create", "--name", another.name), ("partner", "set", third.partner.id, "--name", another.name)):
            code, said = ramp.tried(*command)
            assert code == 1 and another.partner.id in said, said
        named = [row["id"] for row in json.loads(ramp.operate("partner", "list", "--json")) if row["name"] == another.name]
        assert named == [another.partner.id]


@pytest.mark.entry("userinfo")
@pytest.mark.parametrize("user", ["user:pass@", "user@", ":pass@"])
def test_webhooks_take_no_passwords_in_urls(another: Another, user: str) -> None:
    refused = post(another, "/api/subscribeToWebhook", url=f"https://{user}example.com/hook", type="PAY_IN")
    assert refused.status_code == 422 and list(refused.json()["errors"]) == ["url"], refused.text
    assert "pass@" not in refused.text
