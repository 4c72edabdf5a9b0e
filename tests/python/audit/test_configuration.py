"""Which settings are valid, and what is printed of them."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from audit.frame import run
from faults.frame import Ramp

SECRET = "very-secret"


@pytest.mark.entry("passwords")
@pytest.mark.parametrize(
    "url",
    [
        f"postgres://ramp:{SECRET}@127.0.0.1:1/ramp?sslpassword={SECRET}&{SECRET}=1",
        f"postgres://ramp:1/{SECRET}@127.0.0.1/ramp",
        f"postgres://ramp:{SECRET}@127.0.0.1/ramp?sslmode={SECRET}",
    ],
    ids=["unknown", "slash", "mode"],
)
def test_passwords_of_databases_are_shown_nowhere(binary: Path, tmp_path: Path, url: str) -> None:
    """Not by the configuration, not when the database cannot be reached, and not by the driver, however much is logged."""
    said = [
        run(binary, *command, data=tmp_path, RAMPART__DATABASE__URL=url, RAMPART__LOG__LEVEL="trace")[1]
        for command in (("config",), ("partner", "list"))
    ]
    assert all(said) and [SECRET in text for text in said] == [False, False], said


@pytest.mark.entry("passwords")
def test_a_configuration_file_with_a_mistake_is_not_quoted(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "rampart.toml").write_text(f'[database]\nurl = "postgres://ramp:{SECRET}@db/ramp\n')
    code, said = run(binary, "config", data=tmp_path)
    assert code == 2 and "rampart.toml" in said and SECRET not in said, said


@pytest.mark.entry("passwords")
def test_a_copy_takes_its_databases_from_files(binary: Path, tmp_path: Path) -> None:
    """In a command everybody on the machine could read them."""
    run(binary, "partner", "create", "--name", "kept", data=tmp_path)
    (tmp_path / "from").write_text(f"sqlite:{tmp_path / 'rampart.db'}\n")
    (tmp_path / "to").write_text(f"sqlite:{tmp_path / 'copy.db'}")
    code, said = run(binary, "db", "copy", "--from-file", str(tmp_path / "from"), "--to-file", str(tmp_path / "to"), data=tmp_path)
    assert code == 0 and (tmp_path / "copy.db").exists(), said


@pytest.mark.entry("variables")
@pytest.mark.parametrize("name", ["RAMPART_MODE", "rampart__mode"])
def test_a_variable_that_would_be_a_setting_is_an_error(binary: Path, tmp_path: Path, name: str) -> None:
    """Somebody meant to go live. Those of other kinds are none."""
    code, said = run(binary, "config", data=tmp_path, **{name: "sandbox"})
    assert code == 2 and name in said and "RAMPART__MODE" in said, said[:200]
    file = tmp_path / "my.toml"
    file.touch()
    assert run(binary, "config", data=tmp_path, RAMPART_TEST_POSTGRES="not ours", RAMPART_CONFIG=str(file))[0] == 0


@pytest.mark.entry("variables")
@pytest.mark.parametrize("url", [f"https://ops:{SECRET}@pay.example", "https://pay.example/?a=1", "https://pay.example/#a", 'https://pay.example/"'])
def test_links_begin_with_nothing_but_a_place(binary: Path, tmp_path: Path, url: str) -> None:
    code, said = run(binary, "config", data=tmp_path, RAMPART__SERVER__PUBLIC_URL=url)
    assert code == 2 and "server.public_url" in said and SECRET not in said, said


@pytest.mark.entry("bounded files")
def test_a_configuration_file_has_a_bound(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "large.toml").write_text("# nothing\n" * 200_000)
    code, said = run(binary, "config", "--config", str(tmp_path / "large.toml"), data=tmp_path)
    assert code == 2 and "large.toml" in said, said


@pytest.mark.entry("bounded files")
def test_a_file_of_one_value_has_a_bound(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"sqlite:{tmp_path / 'rampart.db'}" + "\n" * 20_000)
    code, said = run(binary, "partner", "list", data=tmp_path, RAMPART__DATABASE__URL_FILE=str(tmp_path / "url"))
    assert code == 2 and "database.url_file" in said, said


@pytest.mark.entry("live mode")
def test_live_mode_names_every_weak_setting(binary: Path, tmp_path: Path) -> None:
    """Beside the simulated world, which is all that this version has."""
    code, said = run(binary, "serve", data=tmp_path, RAMPART__MODE="live", RAMPART__RATE_LIMITS__ENABLED="false")
    weak = ["server.public_url", "rate_limits.enabled", "rate_limits.ip_per_second", "open_caps.customer_orders", "open_caps.partner_value_multiple"]
    assert code == 2 and [name for name in weak if f"{name} " not in said] == [], said


@pytest.mark.entry("live mode")
def test_a_database_keeps_its_mode(fresh: Callable[..., Ramp]) -> None:
    own = fresh()
    own.stop()
    assert "sandbox" in [line.split()[-1] for line in own.operate("db", "status").splitlines() if line.startswith("mode")]
    # Nothing but the file says that it was made by real adapters, which this version does not have.
    statement = "update installation set mode = 'live'"
    if own.database is None:
        with closing(sqlite3.connect(own.data / "rampart.db")) as connection, connection:
            connection.execute(statement)
    else:
        subprocess.run(["psql", "--no-psqlrc", "--quiet", "--dbname", own.database, "--command", statement], check=True)
    code, said = own.tried("serve", "--listen", "127.0.0.1:0")
    assert code == 1 and "made in live mode" in said, said
