"""Fixtures: the running binary, a partner of it, and the client of that partner's backend."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from client.listener import Listener  # noqa: E402
from client.partner_client import PartnerClient  # noqa: E402
from rampart_process import Partner, Rampart  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--binary", required=True, help="the rampart binary")
    parser.addoption("--database", default=None, help="the database's URL; without it the embedded file")


@pytest.fixture(scope="session")
def rampart(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rampart]:
    binary = Path(pytestconfig.getoption("--binary"))
    with Rampart(binary, tmp_path_factory.mktemp("rampart"), pytestconfig.getoption("--database")) as running:
        yield running
        # Whatever the tests did, the books must balance at the end.
        running.run("ledger", "verify")


@pytest.fixture
def partner(rampart: Rampart, request: pytest.FixtureRequest) -> Partner:
    return rampart.create_partner(request.node.name)


@pytest.fixture
def client(rampart: Rampart, partner: Partner) -> Iterator[PartnerClient]:
    with PartnerClient(rampart.url, partner) as signed_in:
        yield signed_in


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listening:
        yield listening
