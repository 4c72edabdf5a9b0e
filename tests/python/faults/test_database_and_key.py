"""A database that is put back or copied, a key that is lost, a disk that is full."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from client.partner_client import eventually
from faults.frame import Ramp, spanish_account

FILES = ("rampart.db", "rampart.db-wal", "rampart.db-shm")


def psql(url: str, *statements: str) -> None:
    """Statements to a server, each by itself."""
    command = ["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", url]
    for statement in statements:
        command += ["--command", statement]
    subprocess.run(command, check=True, capture_output=True, text=True)


def server_and_name(url: str) -> tuple[str, str]:
    """A database from which others can be dropped, and the name of this one."""
    server, _, name = url.rpartition("/")
    return f"{server}/postgres", name


def back_up(own: Ramp) -> None:
    """Keeps a copy of the database of an installation that is stopped."""
    if own.database is None:
        (own.folder / "backup").mkdir()
        for name in FILES:
            if (own.data / name).exists():
                (own.folder / "backup" / name).write_bytes((own.data / name).read_bytes())
        return
    server, name = server_and_name(own.database)
    psql(server, f'drop database if exists "{name}_copy" with (force)', f'create database "{name}_copy" template "{name}"')


def put_back(own: Ramp) -> None:
    """Puts the copy in place of what was written since."""
    if own.database is None:
        for name in FILES:
            (own.data / name).unlink(missing_ok=True)
            if (own.folder / "backup" / name).exists():
                (own.data / name).write_bytes((own.folder / "backup" / name).read_bytes())
        return
    server, name = server_and_name(own.database)
    psql(server, f'drop database "{name}" with (force)', f'alter database "{name}_copy" rename to "{name}"')


@pytest.mark.fault(15)
def test_a_database_that_was_put_back_sends_nothing_twice(fresh: Callable[..., Ramp]) -> None:
    """Three purchases are paid and their coins sent after the copy was made. What was captured is read again from the processor."""
    own = fresh()
    own.market("0.90")
    people = [own.spaniard() for _ in range(3)]
    names = [own.buying(person, "50.00", method="card") for person in people]
    own.stop()
    back_up(own)
    own.start()
    own.await_fresh()
    for name in names:
        own.pay(name)
    for name in names:
        own.arrives(name, "coins_sent")
    sent = [own.sent(person) for person in people]
    own.stop()
    put_back(own)
    own.start()
    for name in names:
        own.arrives(name, "payment_received", "coins_sent")
    own.advance(600)
    own.quiet()
    assert [own.sent(person) for person in people] == sent
    assert own.tried("doctor")[0] == 1, "it must be reported"


@pytest.mark.fault(15)
def test_what_is_served_is_not_copied(fresh: Callable[..., Ramp], tmp_path: Path) -> None:
    own = fresh(start=False)
    if own.database is None:
        pytest.skip("the older version refused this of a file already")
    own.start()
    copy = ("db", "copy", "--from", own.database, "--to", f"sqlite:{tmp_path / 'copy.db'}")
    code, said = own.tried(*copy)
    assert code == 1, said
    own.stop()
    code, said = own.tried(*copy)
    assert code == 0, said


@pytest.mark.fault(29)
@pytest.mark.parametrize("command", [("serve", "--listen", "127.0.0.1:0"), ("partner", "list")])
def test_a_lost_key_is_not_made_anew(fresh: Callable[..., Ramp], command: tuple[str, ...]) -> None:
    own = fresh()
    own.stop()
    key = own.data / "installation.key"
    key.unlink()
    code, said = own.tried(*command)
    assert code == 1, said
    assert not key.exists()


@pytest.mark.fault(30)
def test_readiness_sees_that_nothing_can_be_written(fresh: Callable[..., Ramp], tmp_path: Path) -> None:
    """A full disk is played by a limit on the size of files, a full server by one that takes only reads."""
    own = fresh(start=False)
    # A file that may not grow is an error of the write then, and not the end of the process.
    binary, own.binary = own.binary.resolve(), tmp_path / "rampart"
    own.binary.write_text(f"""#!/bin/sh\ntrap "" XFSZ\nexec '{binary}' "$@"\n""")
    own.binary.chmod(0o755)
    own.start()
    assert own.ready()[0] == 200
    let_write(own, False)
    registration = {"name": "Ana", "last_name": "Prueba", "email": "ana@example.com", "country_code": "ESP", "iban": spanish_account()}
    refused = own.client.http.post("/api/registerUser", json=registration)
    assert refused.status_code >= 500, refused.text
    code, said = own.ready()
    let_write(own, True)
    assert code == 503, said
    # Nobody writes meanwhile: the question itself finds out.
    eventually(own.ready, lambda answer: answer[0] == 200, seconds=15)


def let_write(own: Ramp, may: bool) -> None:
    """What is written by an installation becomes durable, or fails."""
    if own.database is None:
        process = own.rampart._process
        assert process is not None
        limit = "unlimited" if may else "4096"
        subprocess.run(["prlimit", "--pid", str(process.pid), f"--fsize={limit}:"], check=True)
        return
    server, name = server_and_name(own.database)
    psql(
        server, f"""alter database "{name}" set default_transaction_read_only = {"off" if may else "on"}""",
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'",
    )
