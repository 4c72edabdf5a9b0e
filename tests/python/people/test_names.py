"""Who pays is the customer, however banks write the name; and is not, when another person's name is near. Countries and blank names."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from audit.frame import link, page, press
from client.people import spaniard
from faults.frame import Ramp, spanish_account, wallet

from .frame import citizen, refused_field, tried_to_register

CIF = {"identification_type": "CIF", "last_name": None, "last_name2": None, "dob": None}


@dataclass(frozen=True)
class Pair:
    """A customer, and the payer as a bank writes it."""

    name: str
    last_name: str | None
    last_name2: str | None
    payer: str

    def __str__(self) -> str:
        return ascii(f"{self.name} {self.last_name or ''} {self.last_name2 or ''} = {self.payer}").strip("'")


LONG = ("María de los Ángeles", "Fernández-Villaverde", "Goyeneche Echevarría de Olazábal")
LONG_UPPER = "MARIA DE LOS ANGELES FERNANDEZ-VILLAVERDE GOYENECHE ECHEVARRIA DE OLAZABAL"
SAME = [
    # The letters of banks (EPC217-08) and of Unicode.
    Pair("François", "Gonçalves", None, "FRANCOIS GONCALVES"),
    Pair("María José", "Pérez", "Núñez", unicodedata.normalize("NFD", "María José Pérez Núñez")),
    Pair(unicodedata.normalize("NFD", "Begoña"), "Ibáñez", "Güell", "BEGONA IBANEZ GUELL"),
    Pair("João", "da Silva", "Araújo", "JOAO DA SILVA ARAUJO"),
    Pair("Lech", "Wałęsa", None, "LECH WALESA"),
    Pair("Jürgen", "Weiß", None, "JURGEN WEISS"),
    Pair("Søren", "Ægidius", None, "SOREN AEGIDIUS"),
    Pair("Patrick", "O'Brien", None, "PATRICK OBRIEN"),
    Pair("Patrick", "O’Brien", None, "Patrick O Brien"),
    # Short forms.
    Pair("Mª Carmen", "Ruiz", "Soto", "MARIA CARMEN RUIZ SOTO"),
    Pair("María Carmen", "Ruiz", "Soto", "Ma. CARMEN RUIZ SOTO"),
    Pair("Francisco Javier", "Ortega", "Gil", "FCO. JAVIER ORTEGA GIL"),
    # Cut by the bank.
    Pair(*LONG, LONG_UPPER[:35]),
    Pair(*LONG, LONG_UPPER[:70]),
    # Order, particles, and the second surname left out.
    Pair("María José", "Pérez", "Núñez", "PEREZ NUNEZ, MARIA JOSE"),
    Pair("Juan", "de la Cruz", "Peña", "CRUZ PENA JUAN"),
    Pair("Carmen", "García", "López", "CARMEN GARCIA"),
    # Companies.
    Pair("Comercial Luna, S.L.", None, None, "COMERCIAL LUNA SL"),
    Pair("Comercial Luna, S.L.", None, None, "COMERCIAL LUNA SOCIEDAD LIMITADA"),
    Pair("Comercial Luna, S.L.", None, None, "COMERCIAL LUNA"),
]
OTHERS = [
    Pair("Carmen", "García", "López", "CARLOS GARCIA LOPEZ"),
    Pair("Carmen", "García", "López", "CARMEN GARCIA RUIZ"),
    Pair("Carmen", "García", "López", "GARCIA LOPEZ"),
    Pair("Carmen", "García", "López", "CARMEN"),
    Pair("María José", "Pérez", "Núñez", "MARIA JOSE"),
    Pair("François", "Gonçalves", None, "FRANCOIS LEGRAND"),
    Pair("Carmen", "García", "López", "ROBERTO AJENO DISTINTO"),
    Pair("Comercial Luna, S.L.", None, None, "COMERCIAL SOL SL"),
    # A brother by an initial, sisters by a cut and a title, an estate, another holder, and the owner of a company.
    Pair("Luisa", "García", "López", "LUIS A GARCIA LOPEZ"),
    Pair("María Teresa", "Hernández", "Rodríguez", "HERNANDEZ RODRIGUEZ MARIA MERCEDES"),
    Pair("José", "García", "López", "SRA JOSE GARCIA LOPEZ"),
    Pair("João", "Silva", "Souza", "MARIA JOAO SILVA SOUZA"),
    Pair("Juan", "García", None, "JUAN GARCIA HEREDEROS"),
    Pair("Juan", "García", None, "JUAN GARCIA / AINHOA"),
    Pair("Begoña Ruiz, S.L.", None, None, "BEGONA RUIZ"),
]


@pytest.fixture(scope="module")
def paid(shared: Ramp) -> Iterator[dict[Pair, Any]]:
    """Every pair's order when its money has been decided about: each of a customer of its own, all at once."""
    names: dict[Pair, str] = {}
    users: dict[Pair, int] = {}
    for pair in SAME + OTHERS:
        body = spaniard(name=pair.name, last_name=pair.last_name, last_name2=pair.last_name2)
        if pair.last_name is None:
            body |= {**CIF, "identification_number": "A58818501"}
        users[pair] = shared.client.register_user({key: value for key, value in body.items() if value is not None})["id"]
        shared.client.sandbox(f"kyc/{users[pair]}", {"decision": "approve", "level": 1})
    for pair, user in users.items():
        shared.wait(lambda user=user: shared.client.check_kyc(user), lambda answer: answer["kyc_valid"])
        names[pair] = f"pair {len(names)}"
        shared.buy(names[pair], user, "20.00", wallet=wallet())
        shared.transfer(names[pair], "20.00", pair.payer, spanish_account())

    def decided(name: str) -> Any:
        return shared.wait(lambda: shared.view(name), lambda view: view["status"] == "coins_sent" or view["exceptions"])

    yield {pair: decided(name) for pair, name in names.items()}


@pytest.mark.entry("payers")
@pytest.mark.parametrize("pair", SAME, ids=str)
def test_a_customer_pays_however_the_bank_writes_the_name(paid: dict[Pair, Any], pair: Pair) -> None:
    assert (paid[pair]["status"], paid[pair]["exception"]) == ("coins_sent", None)


@pytest.mark.entry("payers")
@pytest.mark.parametrize("pair", OTHERS, ids=str)
def test_somebody_else_is_somebody_else(paid: dict[Pair, Any], pair: Pair) -> None:
    assert (paid[pair]["status"], paid[pair]["exception"]) == ("started", "foreign_payer")


@pytest.mark.entry("payers")
@pytest.mark.parametrize("holder", ["FRANCOIS GONCALVES", unicodedata.normalize("NFD", "François Gonçalves")], ids=ascii)
def test_a_refund_goes_to_the_customers_account_however_the_name_is_typed(ramp: Ramp, holder: str) -> None:
    """In another name than the customer's it waits for a person."""
    person, typed = ramp.spaniard(name="François", last_name="Gonçalves", last_name2=None), spanish_account()
    name = ramp.buying(person, "200.00")
    ramp.transfer(name, "50.00", "FRANÇOIS GONÇALVES", account=None)
    ramp.received(name, "50.00")
    assert press(link(ramp, name), action="refund", account=typed, name=holder).status_code in (200, 303)
    ramp.order("refund", name)
    ramp.arrives(name, "refunded", seconds=1, patience=6)
    assert ramp.paid(typed) == 50


@pytest.mark.entry("payers")
def test_a_refund_to_somebody_else_waits_for_a_person(ramp: Ramp) -> None:
    person, thief = ramp.spaniard(), spanish_account()
    name = ramp.buying(person, "200.00")
    ramp.transfer(name, "50.00", account=None)
    ramp.received(name, "50.00")
    press(link(ramp, name), action="refund", account=thief, name="Carlos García López")
    code, said = ramp.tried_order("refund", name)
    assert code != 0 and thief[-4:] in said, said
    ramp.quiet()
    assert (ramp.view(name)["status"], ramp.paid(thief)) == ("started", 0)


# --- countries ---

COUNTRIES = [
    ("ESP", "Espan\u0303a"), ("MEX", "Me\u0301xico"), ("PER", "Peru\u0301"), ("ESP", "Reino de España"), ("MEX", "Estados Unidos Mexicanos"),
    ("ARG", "República Argentina"), ("CHL", "República de Chile"), ("COL", "República de Colombia"), ("PER", "República del Perú"),
    ("ESP", "Kingdom of Spain"), ("ARG", "Repu\u0301blica Argentina"), ("MEX", "UNITED MEXICAN STATES"),
]
KNOWN_COUNTRIES = [("ESP", "España"), ("ESP", "ESPANA"), ("ESP", "spain"), ("MEX", "Mexico"), ("PER", "Perú"), ("ARG", "AR"), ("COL", "COL")]


@pytest.mark.entry("countries")
@pytest.mark.parametrize(("code", "written"), COUNTRIES + KNOWN_COUNTRIES, ids=[ascii(written) for _, written in COUNTRIES + KNOWN_COUNTRIES])
def test_a_country_is_taken_as_it_is_written(ramp: Ramp, code: str, written: str) -> None:
    """With its code beside it, alone, and where methods and numbers are asked for."""
    assert ramp.client.register_user(citizen(code, country=written))["country"] == written
    alone = citizen(code, country=written)
    del alone["country_code"]
    assert ramp.client.register_user(alone)["country"] == written
    assert {row["country"] for row in ramp.client.payment_methods(country=written)} == {code}


@pytest.mark.entry("countries")
def test_countries_that_disagree_or_are_not_served_stay_refused(ramp: Ramp) -> None:
    assert refused_field(tried_to_register(ramp, citizen("ESP", country="Me\u0301xico"))) != []
    assert refused_field(tried_to_register(ramp, citizen("ESP", country="República"))) != []
    assert refused_field(tried_to_register(ramp, citizen("ESP", country="República Portuguesa"))) != []


# --- names of nothing ---

NOTHING = ["\u200b", "\u200d", "\u3164", "\u2800", "\u200b \u2060"]


@pytest.mark.entry("names of nothing")
@pytest.mark.parametrize("nothing", NOTHING, ids=ascii)
def test_a_text_of_which_nothing_shows_is_none(ramp: Ramp, nothing: str) -> None:
    """Needed it is missing, and may be left out else."""
    answer = tried_to_register(ramp, spaniard(name=nothing))
    assert (refused_field(answer), answer.json()["error"]) == (["name"], "fail_mandatory_field"), answer.text
    registered = ramp.client.register_user(spaniard(last_name=nothing, city=nothing))
    assert registered["last_name"] is None


@pytest.mark.entry("names of nothing")
@pytest.mark.parametrize("nothing", [*NOTHING, " "], ids=ascii)
def test_pages_and_commands_take_no_name_that_shows_nothing(ramp: Ramp, nothing: str) -> None:
    order = ramp.buying(ramp.spaniard(), "200.00")
    assert press(link(ramp, order), action="refund", account=spanish_account(), name=nothing).status_code == 422
    body = spaniard()
    del body["last_name"]
    form = ramp.client.register_user(body)["kyc_form_url"]
    assert press(form, last_name=nothing, address="Calle 1", city="Madrid").status_code == 422
    assert 'name="last_name"' in page(form).text, "it is still asked"
    code, said = ramp.tried("partner", "create", "--name", nothing)
    assert code != 0, said


@pytest.mark.entry("names of nothing")
@pytest.mark.parametrize("name", ["X Æ A-12", "김철수", "O", "Nuñez", "N'Golo"])
def test_names_that_show_something_are_taken(ramp: Ramp, name: str) -> None:
    assert ramp.client.register_user(spaniard(name=name))["name"] == name
