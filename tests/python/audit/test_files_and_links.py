"""Files are accessible to their owner only and contain no links to pages; links to forms expire, and forms show no numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from audit.frame import link, page, press
from client.people import spaniard
from faults.frame import DAY, Ramp


def open_to_others(folder: Path) -> list[str]:
    """What below a folder, itself included, somebody else may use."""
    return [f"{path.name} {path.stat().st_mode & 0o777:o}" for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]


@pytest.mark.entry("files")
def test_what_is_made_is_its_owners_alone_whatever_the_umask(fresh: Callable[..., Ramp], tmp_path: Path) -> None:
    own = fresh(start=False)
    binary, own.binary = own.binary.resolve(), tmp_path / "rampart"
    own.binary.write_text(f"""#!/bin/sh\numask 000\nexec '{binary}' "$@"\n""")
    own.binary.chmod(0o755)
    own.start()
    assert (own.data / "sandbox.db").exists() and (own.data / "address").exists() and (own.data / "installation.key").exists()
    assert open_to_others(own.data) == []
    own.stop()
    copy = own.folder / "copies" / "copy.db"
    from_ = own.database or f"sqlite:{own.data / 'rampart.db'}"
    code, said = own.tried("db", "copy", "--from", from_, "--to", f"sqlite:{copy}")
    assert code == 0 and copy.exists(), said
    assert open_to_others(own.folder / "copies") == []


@pytest.mark.entry("files")
def test_what_an_earlier_version_left_open_is_closed_and_reported(fresh: Callable[..., Ramp]) -> None:
    own = fresh()
    own.stop()
    key = own.data / "installation.key"
    own.data.chmod(0o755)
    (own.data / "sandbox.db").chmod(0o644)
    code, said = own.tried("partner", "list")
    assert code == 0 and "sandbox.db" in said, said
    assert open_to_others(own.data) == []
    assert own.tried("partner", "list")[1].count("sandbox.db") == 0, "once"
    # A key that others could read is a warning at every start, and refused in live mode.
    key.chmod(0o666)
    code, said = own.tried("partner", "list")
    assert code == 0 and "chmod 600" in said, said


@pytest.mark.entry("files")
def test_links_to_pages_are_not_in_the_database(ramp: Ramp) -> None:
    """Not in the orders, not in what is kept to answer repeats, and not in events."""
    person = ramp.spaniard()
    bought, sold = ramp.buying(person), ramp.selling(person)
    links = [link(ramp, bought), link(ramp, sold), ramp.client.check_kyc(person.id)["kyc_form_url"]]
    assert [page(each).status_code for each in links] == [200, 200, 200]
    result = [event["data"]["kyc_form_url"] for event in ramp.client.events() if event["data"].get("user_id") == person.id]
    assert result and page(result[-1]).status_code == 200
    stored = ramp.dump()
    assert ramp.orders[bought]["id"].encode() in stored
    assert [token for token in (each.split("token=")[1] for each in links) if token.encode() in stored] == []


@pytest.mark.entry("identity links")
def test_forms_tell_no_numbers(ramp: Ramp) -> None:
    """Empty they keep what is known."""
    body = spaniard()
    user = ramp.client.register_user(body)
    form = user["kyc_form_url"]
    decided = ramp.client.sandbox(f"kyc/{user['id']}", {"decision": "reject", "may_retry": True})
    assert decided["user_id"] == user["id"]
    ramp.wait(lambda: ramp.client.check_kyc(user["id"]), lambda result: result["kyc_status"] == "fail")
    for query in ({}, {"edit": "1"}, {"retry": "1"}):
        text = page(form, **query).text
        found = [number for number in (body["identification_number"], body["phone"], body["phone"][3:]) if number in text]
        assert found == [], query
    assert 'name="identification_number"' in page(form, retry="1").text


@pytest.mark.entry("identity links")
def test_a_link_to_a_form_ends_and_is_renewed(ramp: Ramp) -> None:
    body = spaniard(name="Leocadia")
    user = ramp.client.register_user(body)
    form = user["kyc_form_url"]
    assert page(form).status_code == 200
    ramp.advance(31 * DAY)
    for ended in (page(form), page(form, edit="1"), press(form, last_name="Otra", address="Calle 1")):
        assert ended.status_code == 410, ended.text
        found = [personal for personal in ("Leocadia", body["email"], body["identification_number"], "<form") if personal in ended.text]
        assert found == []
    assert "upgraded" in page(form).text, "it says whom to ask"
    renewed = ramp.client.check_kyc(user["id"])["kyc_form_url"]
    assert renewed != form and httpx.get(renewed).status_code == 200
