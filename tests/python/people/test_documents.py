"""Documents as they are issued: the kind of holder that a number implies; fillers; and how people write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.frame import page, post, press, run
from documents.synthetic import curp_check
from faults.frame import Person, Ramp

from .frame import WALLET, citizen, codes, identification, nit, order_body, refused_field, rut_of, tried_to_register

PERSONS_NIT, MINORS_BIRTHDAY = nit("1012345678"), "2015-06-01"
PERSONS_NITS = [PERSONS_NIT, nit("79543210"), nit("1999999999"), nit("41234567")]
"""Made of a citizen's number of ten or eight digits."""
COMPANIES_NITS = [nit("900000001"), nit("899999998"), "900000001", "800000002"]


def colombian(number: str, **changes: str) -> dict[str, object]:
    """Somebody who registers with a tax number."""
    return citizen("COL", identification_type="NIT", identification_number=number, **changes)


@pytest.mark.entry("persons with tax numbers")
def test_a_minor_is_one_with_a_tax_number_too(ramp: Ramp) -> None:
    """As with the document that the number is made of."""
    for kind, number in (("CED_CIU", "1012345678"), ("NIT", PERSONS_NIT), ("NIT", nit("1098765432"))):
        body = citizen("COL", identification_type=kind, identification_number=number, dob=MINORS_BIRTHDAY)
        assert "dob" in refused_field(tried_to_register(ramp, body)), kind


@pytest.mark.entry("persons with tax numbers")
def test_a_minor_is_one_on_the_identity_page_too(ramp: Ramp) -> None:
    body = citizen("COL", dob=None)
    form = ramp.client.register_user({key: value for key, value in body.items() if value and not key.startswith("identification")})["kyc_form_url"]
    fields = {"name": "Carmen", "last_name": "García", "identification_type": "NIT", "address": "Calle 1", "city": "Cali"}
    assert press(form, **fields, identification_number=nit("1034567890"), dob=MINORS_BIRTHDAY).status_code == 422
    assert press(form, **fields, identification_number=nit("1034567890"), dob="1990-02-28").status_code in (200, 303)


@pytest.mark.entry("persons with tax numbers")
def test_a_minors_document_trades_no_more_as_a_tax_number(ramp: Ramp) -> None:
    """As long as nobody has said when its holder was born. Of companies nobody asks it."""
    order = {"payment_type": "PSE", "fiat_symbol": "COP", "fiat_amount": 50_000}
    said = []
    for kind, number in (("TI", "99010112345"), ("NIT", nit("99010112346")), ("NIT", nit("900000007"))):
        body = citizen("COL", identification_type=kind, identification_number=number)
        del body["dob"]
        user = ramp.client.verified_user(body)
        answer = post(ramp.client, "/api/createPayment", **order_body(Person(user, "", WALLET, number), **order))
        said.append((answer.status_code, answer.json().get("error")))
    assert said[0][0] != 200 and said == [said[0], said[0], (200, None)]


@pytest.mark.entry("persons with tax numbers")
def test_a_tax_number_that_leaves_the_century_open_makes_nobody_older(ramp: Ramp) -> None:
    """By an RFC of 2010 or 1910 nobody orders before the date of birth is known; who is of age in either century is not asked."""
    order = {"payment_type": "SPEI", "fiat_symbol": "MXN", "fiat_amount": 1_000}
    said = []
    for number in ("GOOX100312AB6", "GOOX050312AB1"):
        body = citizen("MEX", identification_type="RFC", identification_number=number)
        del body["dob"]
        user = ramp.client.verified_user(body)
        answer = post(ramp.client, "/api/createPayment", **order_body(Person(user, "", WALLET, number), **order))
        said.append((answer.status_code, answer.json().get("error")))
    assert said[0][1] == "require_kyc" and said[1] == (200, None), said
    for number, year in (("LME060822IH5", "2006"), ("GOOX050312AB1", "2005"), ("QAQX800101AB1", "1980")):
        assert identification(ramp, "MEX", "RFC", number)["implied"]["date"].startswith(year), number


@pytest.mark.entry("persons with tax numbers")
@pytest.mark.parametrize("number", PERSONS_NITS)
def test_who_has_a_persons_tax_number_is_a_person(ramp: Ramp, number: str) -> None:
    result = identification(ramp, "COL", "NIT", number)
    assert (result["valid"], result["customer_type"]) == (True, "individual"), result
    assert ramp.client.register_user(colombian(number))["customer_type"] == "individual"


@pytest.mark.entry("persons with tax numbers")
@pytest.mark.parametrize("number", COMPANIES_NITS)
def test_who_has_a_companys_tax_number_is_a_company(ramp: Ramp, number: str) -> None:
    result = identification(ramp, "COL", "NIT", number)
    assert (result["valid"], result["customer_type"]) == (True, "company"), result


@pytest.mark.entry("persons with tax numbers")
def test_a_persons_tax_number_has_the_body_of_a_document(ramp: Ramp) -> None:
    """No document has fourteen digits, or begins with zero."""
    for body in ("12345678901234", "01234567"):
        result = identification(ramp, "COL", "NIT", nit(body))
        assert not result["valid"], (body, result)


@pytest.mark.entry("persons with tax numbers")
@pytest.mark.parametrize(
    ("country", "kind", "number", "who"),
    [
        ("PER", "RUC", "10999999994", "individual"), ("PER", "RUC", "15000000016", "individual"), ("PER", "RUC", "20999999990", "company"),
        ("ARG", "CUIT", "20888888889", "individual"), ("ARG", "CUIT", "30999999995", "company"),
        ("MEX", "RFC", "QAQX800101AB1", "individual"), ("MEX", "RFC", "QQZ800101ABA", "company"), ("ESP", "GOVERNMENT_ID", "K1234567L", "individual"),
    ],
)
def test_the_number_tells_who_in_the_other_countries(ramp: Ramp, country: str, kind: str, number: str, who: str) -> None:
    result = identification(ramp, country, kind, number)
    assert (result["valid"], result["customer_type"]) == (True, who), result


@pytest.mark.entry("words in numbers")
@pytest.mark.parametrize("number", ["VACA900203HDFRRN09", "LOCO900203HDFRRN03", "COLA900203MDFRRN04", "SENO900203HDFRRN00", "MULA900203MDFRRN04",
                                    "ROBA900203HDFRRN02"])
def test_a_number_that_begins_with_a_word_is_somebodys(ramp: Ramp, number: str) -> None:
    """Such are issued; its owner cannot have another one."""
    number = number[:17] + curp_check(number[:17])
    result = identification(ramp, "MEX", "CURP", number)
    assert (result["valid"], result["faults"]) == (True, []) and len(result["warnings"]) >= 1, result
    registered = ramp.client.register_user(citizen("MEX", identification_number=number, dob="1990-02-03"))
    assert any(warning["field"] == "identification_number" for warning in registered["warnings"]), registered


@pytest.mark.entry("words in numbers")
def test_what_is_wrong_behind_a_word_is_wrong(ramp: Ramp) -> None:
    assert not identification(ramp, "MEX", "CURP", "VACA900203HDFRRN08")["valid"]
    assert identification(ramp, "MEX", "RFC", "LOCO900203AB1")["valid"]


@pytest.mark.entry("numbers of countries")
@pytest.mark.parametrize("number", ["55000000018", "51600000016", "55-00000001-8"])
def test_a_number_that_stands_for_a_country_is_nobodys(ramp: Ramp, number: str) -> None:
    result = identification(ramp, "ARG", "CUIT", number)
    assert (result["valid"], codes(result["faults"])) == (False, ["placeholder"]), result
    assert refused_field(tried_to_register(ramp, citizen("ARG", identification_type="CUIT", identification_number=number))) == ["identification_number"]


@pytest.mark.entry("numbers of countries")
@pytest.mark.parametrize("number", ["20888888889", "27888888883", "23888888888", "30999999995", "33999999994"])
def test_numbers_of_persons_and_companies_stay(ramp: Ramp, number: str) -> None:
    assert identification(ramp, "ARG", "CUIT", number)["valid"]


@pytest.mark.entry("short numbers")
@pytest.mark.parametrize("number", ["72041-0", rut_of(999_999), rut_of(345_678), "0072041-0"])
def test_old_people_have_short_numbers(ramp: Ramp, number: str) -> None:
    result = identification(ramp, "CHL", "RUT", number)
    assert (result["valid"], result["faults"]) == (True, []) and result["warnings"], result


SHORT = [
    ("ARG", "DNI", "717257", "717257"), ("ARG", "DNI", "0717257", "717257"), ("ARG", "DNI", "05536168", "5536168"),
    ("COL", "CED_CIU", "0012345678", "12345678"), ("PER", "CE", "123456", "000123456"),
]


@pytest.mark.entry("short numbers")
@pytest.mark.parametrize(("country", "kind", "written", "meant"), SHORT, ids=[written for _, _, written, _ in SHORT])
def test_zeros_that_fill_up_a_number_make_no_other(ramp: Ramp, country: str, kind: str, written: str, meant: str) -> None:
    result = identification(ramp, country, kind, written)
    assert (result["valid"], result["normalized"], result["faults"]) == (True, meant, []) and result["warnings"], result


@pytest.mark.entry("short numbers")
@pytest.mark.parametrize(("country", "kind", "number"), [("COL", "CED_CIU", "12345"), ("COL", "CED_CIU", "0123456"), ("PER", "CE", "12345678")])
def test_what_nobody_alive_has_stays_refused(ramp: Ramp, country: str, kind: str, number: str) -> None:
    assert not identification(ramp, country, kind, number)["valid"]


@pytest.mark.entry("short numbers")
def test_somebody_with_a_short_number_registers(ramp: Ramp) -> None:
    registered = ramp.client.register_user(citizen("CHL", identification_number="72041-0", dob="1936-04-01"))
    assert registered["identification_number"] == "72041-0"
    assert any(warning["field"] == "identification_number" for warning in registered["warnings"]), registered


@pytest.mark.entry("short numbers")
def test_a_short_number_is_taken_by_the_identity_page_and_the_command(ramp: Ramp, binary: Path, tmp_path: Path) -> None:
    body = citizen("CHL", dob="1936-04-01")
    del body["identification_type"], body["identification_number"]
    user = ramp.client.register_user(body)
    fields = {
        "name": "Carmen", "last_name": "García", "dob": "1936-04-01", "identification_type": "RUT", "identification_number": "72041-0",
        "address": "Calle 1", "city": "Santiago",
    }
    answer = press(user["kyc_form_url"], **fields)
    assert answer.status_code in (200, 303), answer.text
    ramp.wait(lambda: ramp.client.check_kyc(user["id"]), lambda result: result["kyc_valid"])
    assert page(user["kyc_form_url"]).status_code == 200
    code, said = run(binary, "validate", "id", "--country", "CHL", "--type", "RUT", "72041-0", data=tmp_path)
    assert code == 0, said


@pytest.mark.entry("short numbers")
def test_a_wrong_check_digit_is_one_in_a_short_number(ramp: Ramp) -> None:
    result = identification(ramp, "CHL", "RUT", "72041-1")
    assert (result["valid"], codes(result["faults"])) == (False, ["wrong_check_digit"]), result


# --- fillers ---

ZEROS = [
    ("ESP", "GOVERNMENT_ID", "00000000T"), ("ESP", "PERMANENT_RESIDENCE_PERMIT", "X0000000T"), ("ESP", "GOVERNMENT_ID", "K0000000T"),
    ("ESP", "PASSPORT", "000000000"), ("CHL", "RUT", "0-0"), ("CHL", "RUT", "00000000-0"), ("COL", "CED_CIU", "0000000000"),
    ("COL", "CED_EXT", "000000"), ("COL", "TI", "0000000000"), ("COL", "NUIP", "0000000000"), ("COL", "RC", "0000000000"), ("COL", "PPT", "0000000"),
    ("COL", "PEP", "000000000000000"), ("COL", "PASS", "00000000"), ("COL", "TE", "000000"), ("PER", "DNI", "00000000"), ("PER", "CE", "000000000"),
    ("ARG", "DNI", "00000000"), ("ARG", "CUIT", "20000000001"),
]
REPEATED = [
    ("ESP", "GOVERNMENT_ID", "11111111H"), ("ESP", "GOVERNMENT_ID", "99999999R"), ("CHL", "RUT", "11.111.111-1"), ("CHL", "RUT", "22.222.222-2"),
    ("CHL", "RUT", rut_of(33_333_333)), ("CHL", "RUT", rut_of(99_999_999)), ("COL", "CED_CIU", "1111111111"), ("COL", "CED_CIU", "22222222"),
    ("COL", "PEP", "111111111111111"), ("PER", "DNI", "11111111"), ("PER", "CE", "111111111"), ("ARG", "DNI", "11111111"), ("ARG", "DNI", "99999999"),
]
GENERIC = [
    ("CHL", "RUT", "66.666.666-6"), ("CHL", "RUT", "55.555.555-5"), ("MEX", "RFC", "XAXX010101000"), ("MEX", "RFC", "XEXX010101000"),
    ("MEX", "CURP", "XEXX010101HNEXXXA4"), ("COL", "NIT", "222222222222"),
]


@pytest.mark.entry("fillers")
@pytest.mark.parametrize(("country", "kind", "number"), ZEROS, ids=[f"{kind} {number}" for _, kind, number in ZEROS])
def test_the_number_zero_is_nobodys(ramp: Ramp, country: str, kind: str, number: str) -> None:
    result = identification(ramp, country, kind, number)
    assert not result["valid"], result
    assert "identification_number" in refused_field(tried_to_register(ramp, citizen(country, identification_type=kind, identification_number=number)))


@pytest.mark.entry("fillers")
@pytest.mark.parametrize(("country", "kind", "number"), REPEATED, ids=[f"{kind} {number}" for _, kind, number in REPEATED])
def test_a_repeated_digit_is_a_warning(ramp: Ramp, country: str, kind: str, number: str) -> None:
    result = identification(ramp, country, kind, number)
    assert (result["valid"], result["faults"]) == (True, []) and result["warnings"], result


@pytest.mark.entry("fillers")
def test_somebody_with_a_repeated_digit_registers_and_is_warned(ramp: Ramp) -> None:
    """The documented example is one."""
    for country, kind, number in (("ARG", "DNI", "11111111"), ("CHL", "RUT", "11.111.111-1")):
        registered = ramp.client.register_user(citizen(country, identification_type=kind, identification_number=number))
        assert any(warning["field"] == "identification_number" for warning in registered["warnings"]), registered


@pytest.mark.entry("fillers")
@pytest.mark.parametrize(("country", "kind", "number"), GENERIC, ids=[f"{kind} {number}" for _, kind, number in GENERIC])
def test_numbers_for_those_without_one_stay_refused(ramp: Ramp, country: str, kind: str, number: str) -> None:
    assert codes(identification(ramp, country, kind, number)["faults"]) == ["placeholder"]


# --- as it is written ---

WRITTEN = [
    ("CIF", "ESA58818501", "A58818501"), ("CIF", "ES A-58818501", "A58818501"), ("CIF", "esA58818501", "A58818501"),
    ("GOVERNMENT_ID", "ES12345678Z", "12345678Z"), ("PERMANENT_RESIDENCE_PERMIT", "ESX1234567L", "X1234567L"),
    ("GOVERNMENT_ID", "12.345.678-Z", "12345678Z"), ("CIF", "A-58818501", "A58818501"),
]


@pytest.mark.entry("value added tax form")
@pytest.mark.parametrize(("kind", "written", "meant"), WRITTEN, ids=[written for _, written, _ in WRITTEN])
def test_a_number_with_its_country_in_front_is_the_number(ramp: Ramp, kind: str, written: str, meant: str) -> None:
    result = identification(ramp, "ESP", kind, written)
    assert (result["valid"], result["normalized"]) == (True, meant), result


@pytest.mark.entry("value added tax form")
@pytest.mark.parametrize(("written", "meant"), [("MXMTA0902267B6", "MTA0902267B6"), ("MXA561231GR8", "MXA561231GR8"), ("ESA2005273X1", "ESA2005273X1")])
def test_letters_of_a_mexican_name_are_no_country(ramp: Ramp, written: str, meant: str) -> None:
    result = identification(ramp, "MEX", "RFC", written)
    assert (result["valid"], result["normalized"]) == (True, meant), result


@pytest.mark.entry("value added tax form")
def test_a_number_with_another_country_in_front_is_none_of_spain(ramp: Ramp) -> None:
    for written in ("PTA58818501", "ESA58818502", "ESESA58818501"):
        assert not identification(ramp, "ESP", "CIF", written)["valid"], written
