"""People of the six countries, what the validators and registrations answer, and forms as somebody sees them who fills them in."""

from __future__ import annotations

import itertools
import random
import re
from html.parser import HTMLParser
from typing import Any

import httpx

from client.people import spaniard
from documents.synthetic import cbu, cci, clabe, curp, curp_check, modulo_11, rut, spanish_iban
from faults.frame import Person, Ramp, wallet

WALLET = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"

_chance = random.Random(15)
_numbers = itertools.count(10_000_001)


def nit(body: str) -> str:
    """A NIT with its check digit (DIAN)."""
    rest = modulo_11(body[::-1], [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71])
    return f"{body}-{rest if rest < 2 else 11 - rest}"


def rut_of(body: int) -> str:
    """A RUT with its check digit, as people write it."""
    total = sum(int(digit) * weight for digit, weight in zip(reversed(str(body)), [2, 3, 4, 5, 6, 7, 2, 3]))
    return f"{body:,}".replace(",", ".") + "-" + "0K987654321"[total % 11]


def _curp() -> str:
    made = curp(_chance)
    number = f"{made[:4]}900228{made[10:16]}0"
    return number + curp_check(number)


def account_in(country: str) -> str:
    """An account that nobody has. Its digits trigger no outcome of the sandbox."""
    makers = {
        "ESP": lambda: spanish_iban(_chance), "CHL": lambda: f"001/checking/77{next(_numbers)}", "MEX": lambda: clabe(_chance),
        "COL": lambda: f"007/savings/770{next(_numbers)}", "PER": lambda: cci(_chance), "ARG": lambda: cbu(_chance),
    }
    while "66600" in (made := makers[country]()):
        pass
    return made


def citizen(code: str, **changes: Any) -> dict[str, Any]:
    """Somebody who registers in a country, with a document and an account of its own."""
    number = next(_numbers)
    there: dict[str, dict[str, Any]] = {
        "ESP": {},
        "CHL": {
            "country": "Chile", "city": "Santiago", "zipcode": "8320000", "phone": "+56221234567", "identification_type": "RUT",
            "identification_number": rut(_chance),
        },
        "MEX": {
            "country": "México", "city": "Puebla", "zipcode": "72000", "phone": "+525512345678", "identification_type": "CURP",
            "identification_number": _curp(),
        },
        "COL": {
            "country": "Colombia", "city": "Cali", "zipcode": "760001", "phone": "+573001234567", "identification_type": "CED_CIU",
            "identification_number": f"10{number}",
        },
        "PER": {
            "country": "Perú", "city": "Cusco", "zipcode": "08000", "phone": "+51912345678", "identification_type": "DNI",
            "identification_number": str(number),
        },
        "ARG": {
            "country": "Argentina", "city": "Rosario", "zipcode": "2000", "phone": "+5493415123456", "identification_type": "DNI",
            "identification_number": str(number),
        },
    }
    return spaniard(**{"country_code": code, "iban": account_in(code), **there[code], **changes})


def customer(ramp: Ramp, code: str, level: int = 1, **changes: Any) -> Person:
    """The same, whose identity is verified."""
    body = citizen(code, **changes)
    user = ramp.client.register_user(body)["id"]
    ramp.client.sandbox(f"kyc/{user}", {"decision": "approve", "level": level})
    ramp.wait(lambda: ramp.client.check_kyc(user), lambda answer: answer["kyc_valid"])
    return Person(user, body["iban"], wallet(), body["identification_number"])


# --- answers ---


def tried_to_register(ramp: Ramp, body: dict[str, Any]) -> httpx.Response:
    """A registration that may be refused."""
    return ramp.client.http.post("/api/registerUser", json=body)


def identification(ramp: Ramp, country: str, kind: str, number: str) -> Any:
    """What the validator says of a document's number."""
    return _data(ramp.client.http.get("/api/validate/identification", params={"country": country, "type": kind, "number": number}))


def account(ramp: Ramp, country: str, text: str, **more: str) -> Any:
    """What the validator says of an account."""
    return _data(ramp.client.http.get("/api/validate/bankAccount", params={"country": country, "account": text, **more}))


def _data(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return response.json()["data"]


def codes(rows: list[dict[str, str]]) -> list[str]:
    """The codes of faults or warnings."""
    return [row["code"] for row in rows]


def refused_field(response: httpx.Response) -> list[str]:
    """The fields that are at fault, of an answer that must be a refusal."""
    assert response.status_code == 422, f"{response.status_code} {response.text}"
    return sorted(response.json().get("errors", {}))


def leaves(value: Any) -> list[str]:
    """Every text and number in an answer, however deep."""
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def order_body(person: Person, **more: Any) -> dict[str, Any]:
    """An order to buy, as a partner sends it."""
    return {
        "user_id": person.id, "payment_type": "transfer", "fiat_symbol": "EUR", "fiat_amount": 20, "coin_symbol": "USDC", "coin_chain": "polygon",
        "wallet": person.wallet, **more,
    }


# --- pages ---


def shown_text(response: httpx.Response) -> str:
    """What a page says, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


class Form(HTMLParser):
    """The form of a page that has a field of this name: its texts and its choices."""

    def __init__(self, response: httpx.Response, within: str) -> None:
        super().__init__()
        self.url = str(response.url)
        self.texts: dict[str, str] = {}
        """By name: what stands in it."""
        self.choices: dict[str, list[tuple[str, str]]] = {}
        """By name: value and words of each."""
        self._open: tuple[str, str] | None = None
        for part in re.findall(r"<form\b.*?</form>", response.text, re.DOTALL):
            if re.search(rf'name="{within}"', part):
                self.feed(part)
                return
        raise AssertionError(f"no form with {within}: {response.text}")

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        name = given.get("name", "")
        if tag == "input" and name:
            self.texts[name] = given.get("value", "")
        elif tag == "select":
            self.choices[name] = []
            self._within = name
        elif tag == "option":
            self._open = (self._within, given.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            name, value = self._open
            self.choices[name].append((value, data.strip()))
            self._open = None

    def choose(self, words: str) -> dict[str, str]:
        """The choice whose words contain these; the field's name with its value."""
        for name, options in self.choices.items():
            for value, label in options:
                if words.lower() in label.lower():
                    return {name: value}
        raise AssertionError(f"nothing says {words}: {self.choices}")
