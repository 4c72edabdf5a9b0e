"""The installation's key is changed for another while it serves, and nothing that the old one signed or sealed is lost."""

from __future__ import annotations

import itertools
import json
import operator
import subprocess
from collections.abc import Callable

import pytest

from audit.frame import link, page, sign_in
from client.partner_client import Failure, eventually
from client.people import spaniard
from faults.frame import Ramp
from rampart_process import Partner

WHY = ("--actor", "operator", "--reason", "played")


def fingerprint(own: Ramp, command: str) -> str:
    return str(json.loads(own.operate("keys", command, "--json"))["fingerprint"])


def roles(own: Ramp) -> dict[str, str]:
    return {line["fingerprint"]: line["role"] for line in json.loads(own.operate("keys", "list", "--json"))}


def restart(own: Ramp) -> None:
    own.stop()
    own.start()


@pytest.mark.entry("key ring")
def test_everything_lives_through_a_change_of_the_key(fresh: Callable[..., Ramp]) -> None:
    own = fresh()
    own.market("0.90")
    old = fingerprint(own, "show")
    person = own.spaniard()
    form = own.client.register_user(spaniard())["kyc_form_url"]
    token = own.client.http.headers["auth"]
    quote = own.client.quote(amount="50", symbol="USDC", chain="polygon", payment_type="card", fiat_symbol="EUR")["quote_id"]
    transfers = [own.buying(person, "20.00")]
    body = {"user_id": person.id, "payment_type": "card", "fiat_symbol": "EUR", "coin_symbol": "USDC", "coin_chain": "polygon"}
    body["wallet"] = person.wallet
    first = own.client.create_payment({**body, "fiat_amount": 20}, idempotency_key="first")
    path = link(own, transfers[0]).removeprefix(own.rampart.url), form[form.index("/kyc"):]

    def holds() -> None:
        """What holds at any moment: pages are reached, repeats are known, and no reference is given out twice."""
        assert [page(own.rampart.url + each).status_code for each in path] == [200, 200]
        again = own.client.create_payment({**body, "fiat_amount": 20}, idempotency_key="first")
        assert again["payment_id"] == first["payment_id"]
        with pytest.raises(Failure) as conflict:
            own.client.create_payment({**body, "fiat_amount": 21}, idempotency_key="first")
        assert conflict.value.code == "idempotency_conflict"
        transfers.append(own.buying(person, "20.00"))

    new = fingerprint(own, "add")
    restart(own)
    assert roles(own) == {old: "newest", new: "unused"}
    own.operate("keys", "use", new, *WHY)
    assert roles(own) == {old: "readable", new: "newest"}
    holds()
    own.client.http.headers["auth"] = token
    own.client.create_payment({**body, "fiat_amount": 50, "quote_id": quote})
    assert json.loads(own.operate("keys", "reseal", *WHY, "--json"))["partners"] >= 1
    holds()
    code, said = own.tried("keys", "retire", old, *WHY)
    assert code == 1 and "are good until" in said, said

    # It is retired all the same: the process that serves reads nothing with it any more.
    own.operate("keys", "retire", old, "--now", *WHY)
    eventually(lambda: own.client.http.get("/api/events").status_code, lambda status: status == 401)
    assert own.partner is not None and sign_in(own.rampart.url, own.partner) == 200
    restart(own)
    holds()
    assert roles(own) == {old: "retired", new: "newest"} and fingerprint(own, "show") == new
    references = [own.orders[name]["answer"]["concept"] for name in transfers]
    assert len(set(references)) == len(references)
    audited = own.operate("audit", "list")
    assert [action for action in ("keys.use", "keys.reseal", "keys.retire") if action not in audited] == []


@pytest.mark.entry("key ring")
def test_a_change_of_the_key_survives_being_killed(fresh: Callable[..., Ramp]) -> None:
    """The command in its middle, at moment after moment, and the server behind it."""
    own = fresh()
    old, new = fingerprint(own, "show"), fingerprint(own, "add")
    partners = [own.rampart.create_partner(f"sealed {number}") for number in range(4)]
    restart(own)
    own.operate("keys", "use", new, *WHY)
    command = [str(own.binary.resolve()), "keys", "reseal", *WHY, *own.rampart._where]
    nothing = subprocess.DEVNULL
    for moment in itertools.accumulate(itertools.repeat(1.3), operator.mul, initial=0.08):
        started = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, env=own.rampart._environment)
        try:
            assert started.wait(moment) == 0
            break
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
    own.kill()
    own.start()
    assert json.loads(own.operate("keys", "reseal", *WHY, "--json"))["partners"] == 0
    own.operate("keys", "retire", old, "--now", *WHY)
    restart(own)
    assert roles(own) == {old: "retired", new: "newest"}

    def signed_in(partner: Partner) -> int:
        return sign_in(own.rampart.url, partner)

    assert [signed_in(partner) for partner in partners] == [200] * len(partners)
