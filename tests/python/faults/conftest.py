"""Fixtures: one installation that most tests share, and installations of its own for a test that stops, configures or breaks one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from faults.databases import Databases  # noqa: E402
from faults.frame import Ramp  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--binary", required=True, help="the rampart binary")
    parser.addoption("--database", default=None, help="the URL of a PostgreSQL database; others are made beside it. Without it embedded files")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(number): the fault of the older version that the test would show")


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config) -> Iterator[Databases]:
    made = Databases(pytestconfig.getoption("--database"))
    yield made
    made.drop_all()


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Ramp]:
    running = Ramp(Path(pytestconfig.getoption("--binary")), tmp_path_factory.mktemp("shared"), databases.empty())
    running.start()
    running.dawn()
    yield running
    running.end()
    # Whatever was played, the books must balance at the end.
    running.operate("ledger", "verify")


@pytest.fixture
def ramp(shared: Ramp) -> Iterator[Ramp]:
    """The shared installation. A test has customers of its own and sets the market that it needs; its troubles end with it."""
    yield shared
    shared.settle()


@pytest.fixture
def fresh(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Callable[..., Ramp]]:
    """Makes installations that belong to the test, started with these settings unless `start=False`."""
    made: list[Ramp] = []

    def make(start: bool = True, **settings: str) -> Ramp:
        own = Ramp(Path(pytestconfig.getoption("--binary")), tmp_path_factory.mktemp("own"), databases.empty())
        made.append(own)
        if start:
            own.start(**settings)
        return own

    yield make
    for own in made:
        own.end()
