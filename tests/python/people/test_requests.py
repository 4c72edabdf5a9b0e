"""Requests as clients send them: numbers of JSON, ends of time, schemes, empty places, amounts as text, and types of several countries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from audit.frame import Another, post, run
from client.people import spaniard
from faults.frame import Person, Ramp

from .frame import WALLET, customer, order_body, refused_field, tried_to_register

_one: dict[str, Person] = {}


def somebody(ramp: Ramp) -> Person:
    """Whose orders are tried."""
    return _one.get(ramp.rampart.url) or _one.setdefault(ramp.rampart.url, ramp.spaniard(level=2))


def sale_body(person: Person, **more: Any) -> dict[str, Any]:
    return {"user_id": person.id, "amount": "100", "symbol": "USDC", "blockchain": "polygon", "iban": person.account, **more}


def send(ramp: Ramp, path: str, text: str) -> httpx.Response:
    """A body as it stands."""
    return ramp.client.http.post(path, content=text.encode(), headers={"content-type": "application/json"})


# --- whole numbers ---


@pytest.mark.entry("whole numbers")
@pytest.mark.parametrize("written", ["{}.0", "{}.000", "{}e0", "{}.0E+0", "{:.1f}e1"])
def test_a_whole_number_is_one_however_json_writes_it(ramp: Ramp, written: str) -> None:
    """Validation of JSON Schema 2020-12, 6.1.1."""
    person = somebody(ramp)
    number = written.format(person.id / 10 if "e1" in written else person.id)
    for path, body in (("/api/createPayment", order_body(person)), ("/api/createRampoff", sale_body(person))):
        answer = send(ramp, path, json.dumps(body).replace(str(person.id), number))
        assert answer.status_code == 200, answer.text


@pytest.mark.entry("whole numbers")
def test_it_is_the_same_request(ramp: Ramp) -> None:
    """For clients that send it again."""
    person = somebody(ramp)
    body = json.dumps(order_body(person, external_id="whole numbers"))
    first, again = (send(ramp, "/api/createPayment", text) for text in (body, body.replace(str(person.id), f"{person.id}.0")))
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert first.json()["data"]["payment_id"] == again.json()["data"]["payment_id"]


@pytest.mark.entry("whole numbers")
@pytest.mark.parametrize("number", ["106.5", "1.065e2", "-106.0", "1e400", "true", "1e-1"])
def test_what_is_no_whole_number_stays_refused(ramp: Ramp, number: str) -> None:
    person = somebody(ramp)
    answer = send(ramp, "/api/createPayment", json.dumps(order_body(person)).replace(f'"user_id": {person.id}', f'"user_id": {number}'))
    assert answer.status_code in (400, 422), answer.text


# --- times ---


@pytest.mark.entry("ends of time")
@pytest.mark.parametrize("path", ["payments", "rampoffs"])
@pytest.mark.parametrize("query", ["to=9999-12-31", "to=9999-12-31T23:59:59Z", "to=9999-12-31T23:59:59.999999Z", "from=0001-01-01&to=9999-12-31"])
def test_a_list_goes_to_the_end_of_time(ramp: Ramp, path: str, query: str) -> None:
    name = ramp.buying(somebody(ramp), "20.00") if path == "payments" else ramp.selling(somebody(ramp))
    answer = ramp.client.http.get(f"/api/{path}?{query}")
    assert answer.status_code == 200, answer.text
    assert ramp.orders[name]["id"] in [row["id"] for row in answer.json()["data"]]


@pytest.mark.entry("ends of time")
@pytest.mark.parametrize("query", ["to=2026-02-30", "to=99999-01-01", "to=soon", "from=2026-13-01"])
def test_what_is_no_day_stays_refused(ramp: Ramp, query: str) -> None:
    assert refused_field(ramp.client.http.get(f"/api/payments?{query}")) == [query.split("=")[0]]


# --- addresses of the web ---


@pytest.mark.entry("schemes in capitals")
@pytest.mark.parametrize("url", ["HTTPS://example.com/hook", "Https://EXAMPLE.com/hook", "HTTP://127.0.0.1:9/hook"])
def test_a_scheme_has_no_case(another: Another, url: str) -> None:
    """RFC 3986, 3.1: of a webhook, and of where customers go back to."""
    assert another.subscribe(url, "PAY_IN") == "subscription_created"
    assert another.update_subscription(url, "PAY_IN", as_form=False) == "subscription_updated"
    [row] = another.webhooks()
    assert row["url"].split("/")[-1] == "hook"
    answer = post(another, "/api/registerUser", **spaniard(callback_url=url))
    assert answer.status_code == 200, answer.text
    user = another.verified_user(spaniard())
    made = post(another, "/api/createPayment", **order_body(Person(user, "", WALLET, ""), callback_url=url))
    assert made.status_code == 200, made.text


@pytest.mark.entry("schemes in capitals")
def test_nor_has_that_of_the_installation(binary: Path, tmp_path: Path) -> None:
    for url, expected in (("HTTPS://pay.example.com", 0), ("https://pay.example.com", 0), ("FTP://pay.example.com", 2)):
        code, said = run(binary, "config", data=tmp_path, RAMPART__SERVER__PUBLIC_URL=url)
        assert code == expected, said[-300:]


@pytest.mark.entry("schemes in capitals")
@pytest.mark.parametrize("url", ["FTP://example.com/hook", "HTTPS:example.com", "JAVASCRIPT:alert(1)", "HTTPS://user:pass@example.com/"])
def test_other_schemes_stay_refused(another: Another, url: str) -> None:
    assert refused_field(post(another, "/api/subscribeToWebhook", url=url, type="PAY_IN")) == ["url"]


# --- empty places ---

OPTIONAL = [
    "last_name2", "phone", "city", "address", "address_state", "zipcode", "professional_activity", "password", "dob", "callback_url", "iban", "last_name",
    "bank_code", "account_type",
]


@pytest.mark.entry("empty texts")
@pytest.mark.parametrize("blank", ["", "  "], ids=repr)
@pytest.mark.parametrize("field", OPTIONAL)
def test_an_optional_field_that_is_empty_is_absent(ramp: Ramp, field: str, blank: str) -> None:
    answer = tried_to_register(ramp, spaniard(**{field: blank}))
    assert answer.status_code == 200, answer.text
    assert [warning for warning in answer.json()["data"]["warnings"] if warning["field"] == field] == []


@pytest.mark.entry("empty texts")
def test_a_registration_with_every_place_empty(ramp: Ramp) -> None:
    body = {**dict.fromkeys([*OPTIONAL, "identification_type", "identification_number", "country"], ""), "country_code": "ESP"}
    answer = tried_to_register(ramp, {**body, "name": "Carmen", "email": "empty@example.com"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["data"]["identification_number"], answer.json()["data"]["warnings"]) == (None, [])


@pytest.mark.entry("empty texts")
@pytest.mark.parametrize("field", ["external_id", "callback_url", "quote_id", "refund_account", "coin_chain"])
def test_an_order_with_an_empty_place(ramp: Ramp, field: str) -> None:
    """Twice: an empty identifier is nobody's."""
    person = customer(ramp, "MEX") if field == "coin_chain" else somebody(ramp)
    body = order_body(person, **{field: ""})
    if field == "coin_chain":
        body |= {"payment_type": "SPEI", "fiat_symbol": "MXN", "fiat_amount": 500}
    first, second = (post(ramp.client, "/api/createPayment", **body) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200), first.text
    assert first.json()["data"]["payment_id"] != second.json()["data"]["payment_id"]


@pytest.mark.entry("empty texts")
@pytest.mark.parametrize("field", ["external_id", "quote_id", "bank_code", "account_type", "refund_wallet", "bank_name", "iban", "blockchain"])
def test_a_sale_with_an_empty_place(ramp: Ramp, field: str) -> None:
    person = customer(ramp, "MEX") if field in ("iban", "blockchain") else somebody(ramp)
    answer = post(ramp.client, "/api/createRampoff", **sale_body(person, **{field: ""}))
    assert answer.status_code == 200, answer.text


@pytest.mark.entry("empty texts")
@pytest.mark.parametrize("path", ["payments", "rampoffs", "events"])
@pytest.mark.parametrize(
    "query", ["status=", "from=", "to=", "limit=", "user_id=", "cursor=", "external_id=", "after=", "status=&from=&to=&limit=&user_id=&cursor="],
)
def test_an_empty_filter_filters_nothing(ramp: Ramp, path: str, query: str) -> None:
    somebody(ramp)
    answer, all_ = (ramp.client.http.get(f"/api/{path}{more}") for more in (f"?{query}", ""))
    assert answer.status_code == 200, answer.text
    filtered, unfiltered = ([row["id"] for row in each.json()["data"]] for each in (answer, all_))
    # Events may come meanwhile.
    assert filtered == unfiltered[: len(filtered)] and bool(filtered) == bool(unfiltered)


@pytest.mark.entry("empty texts")
@pytest.mark.parametrize(
    "asked",
    [
        "quote?amount=100&symbol=USDC&payment_type=card&chain=&fiat_symbol=&amount_in=&country=",
        "rampoffQuote?amount=100&symbol=USDC&blockchain=&fiat_symbol=",
        "tokenPrice?symbol=USDC&fiat_symbol=EUR&chain=", "paymentMethods?country=ESP&fiat_symbol=",
    ],
)
def test_a_question_with_empty_places(ramp: Ramp, asked: str) -> None:
    answer = ramp.client.http.get(f"/api/{asked}")
    assert answer.status_code == 200, answer.text


@pytest.mark.entry("empty texts")
def test_needed_fields_that_are_empty_stay_refused(ramp: Ramp) -> None:
    """As absent ones, whatever is empty beside them."""
    assert refused_field(tried_to_register(ramp, spaniard(name=""))) == ["name"]
    assert refused_field(tried_to_register(ramp, spaniard(email=" "))) == ["email"]
    assert refused_field(tried_to_register(ramp, spaniard(identification_type=""))) != []
    for field in ("wallet", "payment_type", "fiat_symbol", "coin_symbol"):
        answer = post(ramp.client, "/api/createPayment", **order_body(somebody(ramp), **{field: ""}))
        assert (refused_field(answer), answer.json()["error"]) == ([field], "fail_mandatory_field"), answer.text
    assert refused_field(ramp.client.http.get("/api/quote?amount=&symbol=USDC&payment_type=card")) == ["amount"]


# --- amounts as text ---


@pytest.mark.entry("decimals of texts")
@pytest.mark.parametrize("amount", ["20.000", "20.000000", "1.000", "0020.000"])
def test_a_text_with_more_decimals_than_the_currency_is_refused(ramp: Ramp, amount: str) -> None:
    """In Spain and Chile twenty thousand is written so."""
    answer = post(ramp.client, "/api/createPayment", **order_body(somebody(ramp), fiat_amount=amount))
    assert refused_field(answer) == ["fiat_amount"], answer.text
    assert refused_field(ramp.client.http.get("/api/quote", params={"amount": amount, "symbol": "USDC", "payment_type": "card"})) == ["amount"]


@pytest.mark.entry("decimals of texts")
@pytest.mark.parametrize("amount", ["20.000", "20.00", "20000.00"])
def test_a_currency_without_decimals_takes_none_in_texts(ramp: Ramp, amount: str) -> None:
    body = order_body(customer(ramp, "CHL"), payment_type="transfer", fiat_symbol="CLP", fiat_amount=amount)
    assert refused_field(post(ramp.client, "/api/createPayment", **body)) == ["fiat_amount"]


@pytest.mark.entry("decimals of texts")
def test_coins_have_as_many_as_they_have(ramp: Ramp) -> None:
    person = somebody(ramp)
    assert refused_field(post(ramp.client, "/api/createRampoff", **sale_body(person, amount="100.0000000"))) == ["amount"]
    answer = ramp.client.http.get("/api/rampoffQuote", params={"amount": "100.0000000", "symbol": "USDC"})
    assert refused_field(answer) == ["amount"]
    for amount in ("100.000000", "100.5"):
        assert post(ramp.client, "/api/createRampoff", **sale_body(person, amount=amount)).status_code == 200


@pytest.mark.entry("decimals of texts")
@pytest.mark.parametrize("number", ["20.0", "20.000", "2e1", "20.00", '"20.00"', '"20.5"', '"20"'])
def test_numbers_and_texts_of_the_currencys_decimals_stay(ramp: Ramp, number: str) -> None:
    """A client whose language writes 240.0 for 240 goes on working."""
    body = json.dumps(order_body(somebody(ramp), fiat_amount="@")).replace('"@"', number)
    answer = send(ramp, "/api/createPayment", body)
    assert answer.status_code == 200, answer.text


@pytest.mark.entry("decimals of texts")
def test_a_number_with_zeros_is_one_in_pesos(ramp: Ramp) -> None:
    body = order_body(customer(ramp, "CHL"), payment_type="transfer", fiat_symbol="CLP", fiat_amount=20_000.0)
    answer = post(ramp.client, "/api/createPayment", **body)
    assert answer.status_code == 200 and answer.json()["data"]["amount"] == "20000", answer.text


# --- types of several countries ---


@pytest.mark.entry("types of several countries")
@pytest.mark.parametrize("more", ["", "&chain=polygon", "&amount_in=coin"])
def test_a_type_of_several_countries_asks_which(ramp: Ramp, more: str) -> None:
    for kind in ("KHIPU", "khipu"):
        answer = ramp.client.http.get(f"/api/quote?amount=10000&symbol=USDC&payment_type={kind}{more}")
        assert answer.status_code == 422, answer.text
        assert "CHL" in answer.text and "ARG" in answer.text


@pytest.mark.entry("types of several countries")
@pytest.mark.parametrize(
    ("more", "country", "currency"),
    [("&fiat_symbol=CLP", "CHL", "CLP"), ("&fiat_symbol=ARS", "ARG", "ARS"), ("&country=CHL", "CHL", "CLP"), ("&country=Argentina", "ARG", "ARS")],
)
def test_with_country_or_currency_it_is_one(ramp: Ramp, more: str, country: str, currency: str) -> None:
    result = ramp.client.http.get(f"/api/quote?amount=10000&symbol=USDC&payment_type=KHIPU{more}").json()["data"]
    assert (result["country"], result["fiat_symbol"]) == (country, currency)


@pytest.mark.entry("types of several countries")
@pytest.mark.parametrize("kind", ["card", "paypal", "psd2", "transfer"])
def test_the_documented_types_stay_those_of_euros(ramp: Ramp, kind: str) -> None:
    result = ramp.client.quote(amount="100", symbol="USDC", payment_type=kind)
    assert (result["country"], result["fiat_symbol"]) == ("ESP", "EUR")


@pytest.mark.entry("types of several countries")
def test_a_type_of_one_country_is_that_countrys(ramp: Ramp) -> None:
    result = ramp.client.quote(amount="1000", symbol="USDC", payment_type="OXXO")
    assert (result["country"], result["fiat_symbol"]) == ("MEX", "MXN")


@pytest.mark.entry("types of several countries")
@pytest.mark.parametrize(("currency", "country"), [("", "ESP"), ("EUR", "ESP"), ("CLP", "CHL"), ("COP", "COL"), ("ARS", "ARG")])
def test_a_quote_for_a_sale_names_country_and_currency(ramp: Ramp, currency: str, country: str) -> None:
    query = {"amount": "100", "symbol": "USDC"} | ({"fiat_symbol": currency} if currency else {})
    result = ramp.client.rampoff_quote(**query)
    assert (result["country"], result["fiat_symbol"]) == (country, currency or "EUR")


@pytest.mark.entry("types of several countries")
def test_an_order_of_such_a_type_is_its_customers(ramp: Ramp) -> None:
    for country, currency in (("CHL", "CLP"), ("ARG", "ARS")):
        body = order_body(customer(ramp, country), payment_type="KHIPU", fiat_symbol=currency, fiat_amount=10_000)
        assert post(ramp.client, "/api/createPayment", **body).status_code == 200
