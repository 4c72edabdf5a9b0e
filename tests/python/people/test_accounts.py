"""Accounts that people have and the ramp did not pay to; and payment instructions that a person can enter into a bank's form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from audit.frame import link, page, post, press, run
from faults.frame import Person, Ramp
from upgrade.installation import HOLDER

from .frame import Form, account, citizen, codes, customer, identification, leaves, shown_text, tried_to_register

INSTITUTIONS = [
    ("CHL", "730/vista/12345678", "Tenpo"), ("CHL", "875/vista/12345678", "Mercado Pago"), ("CHL", "738/vista/12345678", "Global"),
    ("COL", "1809/savings/3001234567", "Nu"), ("COL", "1804/savings/3001234567", "Ual"), ("COL", "1097/savings/3001234567", "Dale"),
    ("COL", "1815/savings/3001234567", ""), ("COL", "1816/savings/3001234567", ""), ("COL", "809/savings/3001234567", "Nu"),
]
"""With a part of the name that people know them by."""
UNKNOWN = [("CHL", "999/checking/12345678"), ("CHL", "998/vista/12345678"), ("COL", "1999/savings/3001234567"), ("COL", "888/checking/300123456789")]


# --- institutions ---


@pytest.mark.entry("institutions")
@pytest.mark.parametrize(("country", "written", "name"), INSTITUTIONS, ids=[written for _, written, _ in INSTITUTIONS])
def test_institutions_that_people_use_are_known(ramp: Ramp, country: str, written: str, name: str) -> None:
    result = account(ramp, country, written)
    assert (result["valid"], result["faults"]) == (True, []), result
    assert name.lower() in (result["bank_name"] or "").lower(), result


@pytest.mark.entry("institutions")
@pytest.mark.parametrize(("country", "written"), UNKNOWN, ids=[written for _, written in UNKNOWN])
def test_a_code_that_is_not_known_yet_is_a_warning(ramp: Ramp, country: str, written: str) -> None:
    """Lists age. The payout is tried."""
    result = account(ramp, country, written)
    assert (result["valid"], result["faults"]) == (True, []) and codes(result["warnings"]), result
    registered = ramp.client.register_user(citizen(country, iban=written))
    [warning] = [warning for warning in registered["warnings"] if warning["field"] == "iban"]
    assert "is no bank" not in warning["message"]


@pytest.mark.entry("institutions")
def test_also_where_contacts_must_hold(fresh: Callable[..., Ramp]) -> None:
    own = fresh(RAMPART__REGISTRATION__STRICT_CONTACT="true")
    for country, written in (INSTITUTIONS[0][:2], INSTITUTIONS[3][:2], *UNKNOWN[:1], UNKNOWN[2]):
        answer = tried_to_register(own, citizen(country, iban=written))
        assert answer.status_code == 200, (written, answer.text)
    for country, written in (("CHL", "99/checking/12345678"), ("CHL", "001/checking/12"), ("COL", "12345/savings/3001234567")):
        assert tried_to_register(own, citizen(country, iban=written)).status_code == 422, written


@pytest.mark.entry("institutions")
@pytest.mark.parametrize(
    ("country", "written", "symbol"),
    [("CHL", "730/vista/12345601", "CLP"), ("COL", "1809/savings/3001234501", "COP"), ("CHL", "999/checking/12345602", "CLP"),
     ("CHL", "001/checking/12345603", "CLP"), ("COL", "007/savings/12345678904", "COP")],
)
def test_a_sale_is_paid_to_one(ramp: Ramp, country: str, written: str, symbol: str) -> None:
    person = customer(ramp, country, iban=written)
    name = ramp.selling(person, "100")
    ramp.depositing(name, "100")
    assert ramp.arrives(name, "finished", seconds=1)["fiat_symbol"] == symbol
    assert ramp.paid(written.rpartition("/")[2], "EUR") > 0


@pytest.mark.entry("institutions")
def test_the_command_says_the_same(binary: Path, tmp_path: Path) -> None:
    for country, written, expected in (*(each[:2] + (0,) for each in INSTITUTIONS), *(each + (0,) for each in UNKNOWN), ("CHL", "001/vista/1A345678", 1)):
        code, said = run(binary, "validate", "account", "--country", country, written, data=tmp_path)
        assert code == expected, said


@pytest.mark.entry("institutions")
def test_what_has_the_wrong_form_stays_wrong(ramp: Ramp) -> None:
    for country, written in (("CHL", "99/checking/12345678"), ("CHL", "001/checking/12A45678"), ("COL", "12345/savings/3001234567")):
        assert not account(ramp, country, written)["valid"], written


# --- as it is written ---

WRITTEN = [
    ("CHL", "Banco de Chile/cuenta corriente/00123456789", "00123456789"), ("CHL", "001/cuenta corriente/00123456789", "00123456789"),
    ("CHL", "banco de chile/CUENTA CORRIENTE/00123456789", "00123456789"), ("CHL", "012/Cuenta RUT/44444444", "44444444"),
    ("CHL", "BancoEstado/CuentaRUT/44444444", "44444444"), ("CHL", "Tenpo/cuenta vista/12345678", "12345678"),
    ("CHL", "Mercado Pago/Vista/12345678", "12345678"), ("CHL", "Santander/cuenta de ahorro/12345678901", "12345678901"),
    ("COL", "Bancolombia/cuenta de ahorros/12345678901", "12345678901"), ("COL", "007/Cuenta corriente/12345678901", "12345678901"),
    ("COL", "Nu/ahorros/3001234567", "3001234567"),
]


@pytest.mark.entry("banks and kinds by name")
@pytest.mark.parametrize(("country", "written", "number"), WRITTEN, ids=[written for _, written, _ in WRITTEN])
def test_banks_and_kinds_are_taken_by_name(ramp: Ramp, country: str, written: str, number: str) -> None:
    result = account(ramp, country, written)
    assert (result["valid"], result["normalized"]) == (True, number) and result["bank_name"], result


@pytest.mark.entry("banks and kinds by name")
def test_also_in_fields_of_their_own(ramp: Ramp) -> None:
    person = customer(ramp, "CHL")
    body = {"user_id": person.id, "amount": "100", "symbol": "USDC", "blockchain": "polygon", "iban": "12345678"}
    for bank, kind in (("Tenpo", "Cuenta Vista"), ("Banco de Chile", "Cuenta Corriente"), ("001", "checking")):
        answer = post(ramp.client, "/api/createRampoff", **body, bank_code=bank, account_type=kind)
        assert answer.status_code == 200, answer.text


@pytest.mark.entry("banks and kinds by name")
def test_a_bank_or_kind_that_nobody_has_stays_refused(ramp: Ramp) -> None:
    for written in ("Banco de la Luna/vista/12345678", "001/cuenta de la luna/12345678"):
        assert not account(ramp, "CHL", written)["valid"], written


TELEPHONES = [
    ("COL", "+573001234567", "3001234567"), ("COL", "+57 300 123 4567", "3001234567"), ("COL", "3001234567", "3001234567"),
    ("MEX", "5512345678", "5512345678"), ("MEX", "+525512345678", "5512345678"), ("MEX", "+52 55 1234 5678", "5512345678"),
]


@pytest.mark.entry("telephones as accounts")
@pytest.mark.parametrize(("country", "written", "number"), TELEPHONES, ids=[written for _, written, _ in TELEPHONES])
def test_money_goes_to_a_telephone_where_the_rail_does(ramp: Ramp, country: str, written: str, number: str) -> None:
    """A key of Bre-B, and SPEI's account of ten digits."""
    result = account(ramp, country, written)
    assert (result["valid"], (result["normalized"] or "")[-10:]) == (True, number), result


@pytest.mark.entry("telephones as accounts")
@pytest.mark.parametrize(("country", "written"), [("COL", "+573001234567"), ("MEX", "+525512340001"), ("MEX", "5512340002")])
def test_a_sale_is_paid_to_a_telephone(ramp: Ramp, country: str, written: str) -> None:
    name = ramp.selling(customer(ramp, country, iban=written), "100")
    ramp.depositing(name, "100")
    ramp.arrives(name, "finished", seconds=1)


@pytest.mark.entry("telephones as accounts")
def test_other_numbers_are_no_telephones(ramp: Ramp) -> None:
    others = [("COL", "+343001234567"), ("COL", "+57300123456"), ("MEX", "551234567"), ("MEX", "+345512345678"), ("ARG", "1112345678901")]
    for country, written in others:
        assert not account(ramp, country, written)["valid"], written


@pytest.mark.entry("aliases")
@pytest.mark.parametrize("written", ["......", "------", ".-.-.-.-", "-.-.-.-.-.-.-.-.-.-."])
def test_an_alias_has_a_letter_or_a_digit(ramp: Ramp, written: str) -> None:
    assert not account(ramp, "ARG", written)["valid"]
    registered = ramp.client.register_user(citizen("ARG", iban=written))
    assert [warning["field"] for warning in registered["warnings"] if warning["field"] == "iban"] == ["iban"]


@pytest.mark.entry("aliases")
@pytest.mark.parametrize("written", ["mesa.luna.verde", "CASA-SOL-99", "abc123", "a.b.c.d.e"])
def test_aliases_stay(ramp: Ramp, written: str) -> None:
    result = account(ramp, "ARG", written)
    assert (result["valid"], result["kind"]) == (True, "alias"), result


# --- where to pay ---

PAYEES = {
    # Country: method, currency, amount, kind of the payee's tax number, and what the bank is called.
    "CHL": ("transfer", "CLP", 20_000, "RUT", "Consorcio"), "MEX": ("SPEI", "MXN", 500, "RFC", "STP"), "COL": ("BREB", "COP", 50_000, "NIT", ""),
    "PER": ("transfer", "PEN", 100, "RUC", ""), "ARG": ("transfer", "ARS", 30_000, "CUIT", ""), "ESP": ("transfer", "EUR", 50, "CIF", ""),
}


def payment_instructions(ramp: Ramp, country: str) -> dict[str, Any]:
    """The answer to an order that is paid by transfer."""
    method, currency, amount, _, _ = PAYEES[country]
    person = customer(ramp, country)
    body = {
        "user_id": person.id, "payment_type": method, "fiat_symbol": currency, "fiat_amount": amount, "coin_symbol": "USDC", "coin_chain": "polygon",
        "wallet": person.wallet,
    }
    return ramp.client.create_payment(body)


@pytest.mark.entry("where to pay")
@pytest.mark.parametrize("country", PAYEES)
def test_whom_to_pay_is_named_with_the_tax_number(ramp: Ramp, country: str) -> None:
    """In the answer, in the documented fields and beside them; and on the page. Banks' forms ask for it."""
    kind, bank = PAYEES[country][3:]
    answer = payment_instructions(ramp, country)
    assert {"payment_id", "iban", "bic", "concept", "destination_name"} <= set(answer)
    assert answer["iban"] and answer["destination_name"].startswith("Rampart")
    beside = {key: value for key, value in answer.items() if key not in ("payment_id", "iban", "concept", "url_payment", "expires_at", "amount")}
    numbers = [leaf for leaf in leaves(beside) if is_company(ramp, country, kind, leaf)]
    assert numbers, f"no {kind} in {answer}"
    assert bank in json.dumps(answer, ensure_ascii=False)
    assert set(numbers) & set(leaves(ramp.client.payment(answer["payment_id"]))), "the order shows it as long as it is looked up"
    for language in ("es", "en"):
        shown = shown_text(httpx.get(answer["url_payment"], params={**dict(httpx.URL(answer["url_payment"]).params), "lang": language}))
        assert any(re.sub(r"\W", "", number) in re.sub(r"\W", "", shown) for number in numbers), shown
        assert bank in shown and answer["destination_name"] in shown


def is_company(ramp: Ramp, country: str, kind: str, text: str) -> bool:
    """Whether a text is a company's tax number."""
    digits = sum(letter.isdigit() for letter in text)
    return 6 <= digits <= 12 and len(text) <= 20 and identification(ramp, country, kind, text)["valid"]


@pytest.mark.entry("where to pay")
def test_chiles_account_is_given_in_words(ramp: Ramp) -> None:
    """Bank, kind and number, each by itself."""
    answer = payment_instructions(ramp, "CHL")
    assert answer["iban"] == "055/checking/0880000017", "as documented"
    texts = leaves({key: value for key, value in answer.items() if key != "iban"})
    assert "0880000017" in texts and any("Consorcio" in text for text in texts), answer
    shown = {language: shown_text(httpx.get(answer["url_payment"] + f"&lang={language}")) for language in ("es", "en")}
    assert "orriente" in shown["es"] and "Consorcio" in shown["es"] and "055/checking" not in shown["es"], shown["es"]
    assert "hecking" in shown["en"] or "urrent" in shown["en"] or "orriente" in shown["en"]
    assert re.search(r"(?<![\d/])0880000017(?!\d)", shown["es"])


def half_paid(ramp: Ramp, country: str, person: Person, amount: int, part: int) -> str:
    """A purchase of which a part has arrived, from an account that the bank does not name."""
    method, currency, *_ = PAYEES[country]
    name = ramp.buying(person, str(amount), method=method, fiat=currency)
    answer = ramp.orders[name]["answer"]
    body = {"account": answer["iban"], "amount": str(part), "currency": currency, "concept": str(answer["concept"])}
    ramp.client.sandbox("bank/transfers", {**body, "sender_name": HOLDER})
    ramp.wait(lambda: ramp.view(name), lambda view: view["received_amount"] not in ("0", "0.00"))
    return name


@pytest.mark.entry("forms for accounts")
@pytest.mark.parametrize(
    ("country", "amount", "part", "bank", "kind"), [("CHL", 50_000, 10_000, "Tenpo", "ista"), ("COL", 60_000, 20_000, "Bancolombia", "horro")],
)
def test_a_refund_account_is_asked_for_in_parts(ramp: Ramp, country: str, amount: int, part: int, bank: str, kind: str) -> None:
    """Bank and kind are chosen, the number is typed, and the money goes there."""
    person, number = customer(ramp, country), f"5551230{list(PAYEES).index(country)}1"
    name = half_paid(ramp, country, person, amount, part)
    shown = page(link(ramp, name), edit="refund", lang="es")
    form = Form(shown, "name")
    fields = {**form.texts, **form.choose(bank), **form.choose(kind)}
    assert len(form.choices) >= 2
    # The others are what another bank or a notice needs.
    [typed] = [field for field in form.texts if field not in ("action", "name") and not re.search("bank|rut|tax|identif|mail", field)]
    fields |= {typed: number, "name": HOLDER}
    answer = press(link(ramp, name), **fields)
    assert answer.status_code in (200, 303), shown_text(answer)
    given = ramp.view(name)["refund_destination"]["destination"]
    assert given.endswith(number[-4:]), given
    ramp.order("refund", name)
    ramp.arrives(name, "refunded", seconds=1)


@pytest.mark.entry("forms for accounts")
def test_one_text_is_taken_by_the_call_as_before(ramp: Ramp) -> None:
    person = customer(ramp, "CHL")
    name = half_paid(ramp, "CHL", person, 50_000, 10_000)
    body = {"payment_id": ramp.orders[name]["id"], "refund_account": "001/checking/5551239999"}
    answer = post(ramp.client, "/api/setRefundAccount", **body)
    assert answer.status_code == 200, answer.text
    ramp.order("refund", name)
    ramp.arrives(name, "refunded", seconds=1)


@pytest.mark.entry("forms for accounts")
def test_where_an_account_is_one_number_it_is_one_field(ramp: Ramp) -> None:
    person = ramp.spaniard()
    name = ramp.buying(person, "200.00")
    assert Form(page(link(ramp, name), edit="refund"), "name").choices == {}
