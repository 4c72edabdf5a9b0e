"""Fixtures: the kept installation, started with the present binary, as a whole session goes on with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from upgrade.upgraded import Upgraded  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--binary", required=True, help="the rampart binary")
    parser.addoption("--database", default=None, help="the URL of a PostgreSQL database, which is emptied; without it the embedded file")


@pytest.fixture(scope="session")
def upgraded(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    folder = tmp_path_factory.mktemp("upgraded")
    running = Upgraded(Path(pytestconfig.getoption("--binary")), folder, pytestconfig.getoption("--database"))
    running.start()
    yield running
    running.stop()
