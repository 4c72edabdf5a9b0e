"""The requests that the documentation prints, byte for byte."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from client.partner_client import PartnerClient, eventually

REGISTER_USER = """\
{"name":"Alvaro","last_name":"Iglesia","last_name2":"Vicente","phone":"+54xxxxxxxxx","country":"Argentina","country_code":"ARG",
 "city":"Buenos Aires","address":"Fray Justo St. María de Oro 2121","email":"email@gmail.com","identification_number":"11111111",
 "password":"123456","professional_activity":"Developer","address_state":"CABA","zipcode":"1425","dob":"1986-05-03",
 "identification_type":"DNI","iban":"123123123"}"""

# The customer's own id stands where the documentation prints 106.
CREATE_PAYMENT = """\
{"user_id":%d,"external_id":"23232323231","payment_type":"KHIPU","fiat_symbol":"ARS","fiat_amount":240,"coin_symbol":"ETH",
 "coin_chain":"polygon","wallet":"0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"}"""


def opens(url: str) -> httpx.Response:
    """The page as a browser gets it: no token, redirects followed."""
    assert urlsplit(url).scheme in ("http", "https"), url
    page = httpx.get(url, follow_redirects=True, timeout=30)
    assert page.status_code == 200, page.text
    assert page.headers["content-type"].startswith("text/html"), page.headers
    return page


def test_register_user_and_create_payment(client: PartnerClient) -> None:
    user = client.register_user(REGISTER_USER)
    assert {"id", "email", "name", "last_name", "identification_number", "country", "kyc_valid", "kyc_form_url"} <= set(user)
    assert user["email"] == "email@gmail.com"
    assert user["country"] == "Argentina"
    assert user["identification_number"] == "11111111"
    assert user["kyc_valid"] is False
    assert {warning["field"] for warning in user["warnings"]} == {"identification_number", "phone", "iban"}
    opens(user["kyc_form_url"])

    client.sandbox(f"kyc/{user['id']}", {"decision": "approve"})
    eventually(lambda: client.check_kyc(user["id"]), lambda answer: answer["kyc_valid"])
    payment = client.create_payment(CREATE_PAYMENT % user["id"])
    assert len(payment["payment_id"]) == 25 and payment["payment_id"].isalnum()
    opens(payment["url_payment"])

    # The same request again is the same payment.
    assert client.create_payment(CREATE_PAYMENT % user["id"])["payment_id"] == payment["payment_id"]
    found = client.payments(external_id="23232323231")["data"]
    assert [row["id"] for row in found] == [payment["payment_id"]]
