"""Fixtures: one installation that most tests share, and installations of its own for a test that stops, configures or breaks one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from audit.frame import SETTINGS, Another  # noqa: E402
from audit.receiver import Receiver  # noqa: E402
from faults.conftest import databases, fresh, pytest_addoption, ramp  # noqa: E402, F401
from faults.databases import Databases  # noqa: E402
from faults.frame import Ramp  # noqa: E402


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "entry(name): the entry of the table in README.md that the test would show")


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Ramp]:  # noqa: F811
    running = Ramp(Path(pytestconfig.getoption("--binary")), tmp_path_factory.mktemp("shared"), databases.empty())
    running.start(**SETTINGS)
    running.market("0.90")
    yield running
    running.end()
    # Whatever was played, the books must balance at the end.
    running.operate("ledger", "verify")


@pytest.fixture
def another(shared: Ramp) -> Iterator[Another]:
    """Another partner of the shared installation, whose settings a test may change."""
    with Another(shared) as partner:
        yield partner


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture
def binary(pytestconfig: pytest.Config) -> Path:
    """For what needs no installation."""
    return Path(pytestconfig.getoption("--binary")).resolve()
