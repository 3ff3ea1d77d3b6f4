"""tools/doccano.py: a server of one's own, started twice, with people, stopped."""

import sqlite3
from contextlib import closing
from threading import Thread

from banmian.doccano import connect
from banmian.doccano_projects import make_project
from banmian.doccano_session import Limits

from .real_doccano import ROOT, tool


def test_started_again_it_says_so_and_does_nothing(doccano):
    pids = [(doccano.home / "run" / f"{name}.pid").read_text() for name in ("web", "task")]
    again = tool("start", home=doccano.home)
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith(f"doccano runs already at {doccano.url}")
    assert pids == [(doccano.home / "run" / f"{name}.pid").read_text() for name in ("web", "task")]
    assert tool("status", home=doccano.home).returncode == 0


def test_only_the_owner_may_read_the_account(doccano):
    for name in ("account.env", "secret"):
        assert (doccano.home / name).stat().st_mode & 0o777 == 0o600


def test_a_new_person_can_log_in(doccano):
    done = tool("user", "erin", home=doccano.home)
    assert done.returncode == 0, done.stderr
    password = done.stdout.split("password ")[1].split()[0]
    assert connect(doccano.url, "erin", password, Limits()).username == "erin"


def test_modules_in_the_working_directory_are_not_imported(doccano, tmp_path):
    for name in ("django", "config", "celery"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')")
    done = tool("user", "finn", home=doccano.home, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_writer_that_takes_long_is_waited_for(doccano, project):
    """On a busy machine one write may keep the database for longer than SQLite waits by itself."""
    server = doccano.server()
    with closing(sqlite3.connect(doccano.home / "db.sqlite3", isolation_level=None)) as database:
        database.execute("PRAGMA busy_timeout = 30000")
        database.execute("BEGIN IMMEDIATE")
        made = []
        writer = Thread(target=lambda: made.append(make_project(server, project)))
        writer.start()
        writer.join(8)  # SQLite waits for 5 seconds by itself
        assert made == []
        database.execute("ROLLBACK")
        writer.join(60)
    assert [place.name for place in made] == [project]


def test_a_port_that_is_taken_is_said_in_one_line(doccano, tmp_path):
    port = doccano.url.rsplit(":", 1)[1].strip("/")
    done = tool("start", "--port", port, home=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"doccano: port {port} is taken by another program")
    assert tool("status", home=tmp_path).returncode == 1
    assert tool("stop", home=tmp_path).returncode == 0


def test_what_it_makes_is_not_kept_in_git():
    assert "/.doccano/" in (ROOT / ".gitignore").read_text().splitlines()


def test_a_setup_that_fails_says_what_was_wrong_and_where_the_rest_stands(tmp_path):
    python = tmp_path / "python3.11"
    python.write_text("#!/bin/sh\necho 'ERROR: no such package'\necho 'hint: See above.'\nexit 1\n")
    python.chmod(0o755)
    home, env = tmp_path / "home", tmp_path / "env"
    done = tool("setup", home=home, env=env, DOCCANO_PYTHON=str(python))
    assert done.returncode == 1
    log = home / "logs" / "setup.log"
    assert f"ERROR: no such package (see {log})" in done.stderr
    assert "hint: See above." in log.read_text()
