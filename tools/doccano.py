"""A doccano of one's own on this machine: set up, start, stop. Standard library only.

`make doccano` and `make doccano-stop` call it. What it makes stands in one folder (--home), the
address and the account in HOME/account.env, what the servers say in HOME/logs. The data is in
SQLite in that folder, or wherever the variable DATABASE_URL says.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import argparse
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "doccano.lock"
SETTINGS = ROOT / "tools" / "doccano_settings"
PYTHONS = ("python3.11", "python3.12", "python3.10")  # doccano's numpy has wheels for these
START_SECONDS = 180

# Run by doccano's own Python. The password comes through the environment: other users of the
# machine can read a command line.
_CREATE_USER = """
import os, sys
sys.path.insert(0, os.environ["BACKEND"])
import django
django.setup()
from django.contrib.auth.models import User
user, _ = User.objects.get_or_create(username=os.environ["NEW_USERNAME"])
user.is_staff = user.is_superuser = os.environ["NEW_IS_ADMIN"] == "1"
user.set_password(os.environ["NEW_PASSWORD"])
user.save()
"""


class ServerError(Exception):
    """Something that stops doccano from being set up or started; the message says what to do."""


class Place:
    """Where things are: ``home`` for the data of one server, ``env`` for the programs."""

    def __init__(self, home: Path, env: Path) -> None:
        self.home, self.env = home.absolute(), env.absolute()
        self.logs, self.run = self.home / "logs", self.home / "run"
        self.account = self.home / "account.env"

    @property
    def python(self) -> Path:
        """The Python that doccano runs on."""
        return self.env / "bin" / "python"

    @property
    def backend(self) -> Path:
        """The folder of doccano's Django application."""
        found = sorted(self.env.glob("lib/python3*/site-packages/backend"))
        if not found:
            raise ServerError(f"{self.env} holds no doccano; run `make doccano`")
        return found[0]

    def variables(self) -> dict[str, str]:
        """The environment that doccano's processes run in."""
        return {
            **os.environ,
            "BACKEND": str(self.backend),
            "DATABASE_URL": os.environ.get("DATABASE_URL", f"sqlite:///{self.home}/db.sqlite3"),
            "DJANGO_SETTINGS_MODULE": "patient_settings",
            "DOCCANO_HOME": str(self.home),
            "MEDIA_ROOT": str(self.home / "media"),
            "PYTHONPATH": str(SETTINGS),
            "SECRET_KEY": self._secret(),
            "STANDALONE": "True",
        }

    def _secret(self) -> str:
        # doccano has a default that everybody knows; who knows it can forge a login.
        path = self.home / "secret"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48))
        return path.read_text(encoding="utf-8")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)


def say(message: str) -> None:
    """One line for a person."""
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


def set_up(place: Place) -> None:
    """Install doccano in an environment of its own, once for each state of the lock file."""
    mark = place.env / ".locked"
    wanted = LOCK.read_text(encoding="utf-8")
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        mark.touch()  # newer than the lock file, so that make does not ask again
        return
    say(f"Setting up doccano in {place.env} (2-3 minutes, once)")
    shutil.rmtree(place.env, ignore_errors=True)
    log = place.logs / "setup.log"
    run(place, [find_python(), "-m", "venv", str(place.env)], log=log)
    pip = [str(place.python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    run(place, [*pip, "--require-hashes", "-r", str(LOCK)], log=log)
    mark.write_text(wanted, encoding="utf-8")


def find_python() -> str:
    """A Python that doccano 1.8.4 runs on."""
    named = os.environ.get("DOCCANO_PYTHON")
    if named:
        return str(Path(named).absolute()) if os.sep in named else named
    if (3, 10) <= sys.version_info[:2] <= (3, 12):
        return sys.executable
    for name in PYTHONS:
        found = shutil.which(name)
        if found:
            return found
    raise ServerError("doccano 1.8.4 needs Python 3.10 to 3.12; name one in DOCCANO_PYTHON")


def run(
    place: Place, command: list[str], env: dict[str, str] | None = None, log: Path | None = None
) -> None:
    """Run a command to its end; its output goes to a log, and the line that matters into the error."""
    place.logs.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(  # noqa: S603 - our own commands
        command,
        env=env,
        cwd=place.home,  # Python and doccano import what they find in the working directory
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if log:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(done.stdout)
    if done.returncode:
        wrong = what_is_wrong(done.stdout)
        raise ServerError(
            f"{Path(command[0]).name} failed: {wrong}" + (f" (see {log})" * bool(log))
        )


def what_is_wrong(output: str) -> str:
    """The last line that names an error (pip ends with hints), else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no output"]
    return next((line for line in reversed(lines) if line.lower().startswith("error")), lines[-1])


def start(place: Place, port: int) -> None:
    """Start doccano and wait until somebody can log in; does nothing where it runs already."""
    for folder in (place.home, place.logs, place.run):
        folder.mkdir(parents=True, exist_ok=True)
    account = read_account(place)
    if account and alive(place, "web") and alive(place, "task") and can_log_in(account):
        say(f"doccano runs already at {account['DOCCANO_URL']}; its account is in {place.account}")
        return
    stop(place, quiet=True)
    refuse_used_port(port)
    set_up(place)
    account = make_account(place, account, port)
    run(
        place,
        [str(place.env / "bin" / "doccano"), "init"],
        env=place.variables(),
        log=place.logs / "init.log",
    )
    create_user(place, account["DOCCANO_USERNAME"], account["DOCCANO_PASSWORD"], admin=True)
    launch(
        place,
        "web",
        [
            *(str(place.env / "bin" / "gunicorn"), "--chdir", str(place.backend)),
            # One process: SQLite takes one writer, and a loopback server few readers.
            *("--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "8"),
            *("--timeout", "120", "config.wsgi"),
        ],
    )
    launch(place, "task", [str(place.env / "bin" / "doccano"), "task", "--concurrency", "1"])
    wait_until_ready(place, account)
    say(f"doccano runs at {account['DOCCANO_URL']}")
    say(f"its account is in {place.account}; use it with:  . {shlex.quote(str(place.account))}")


def make_account(place: Place, known: dict[str, str], port: int) -> dict[str, str]:
    """The administrator's name and password: of the environment, of last time, or new."""
    account = {
        "DOCCANO_URL": f"http://127.0.0.1:{port}/",
        "DOCCANO_USERNAME": os.environ.get("DOCCANO_USERNAME")
        or known.get("DOCCANO_USERNAME", "admin"),
        "DOCCANO_PASSWORD": os.environ.get("DOCCANO_PASSWORD")
        or known.get("DOCCANO_PASSWORD", secrets.token_urlsafe(12)),
    }
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in account.items()]
    write_private(place.account, "".join(lines))
    return account


def read_account(place: Place) -> dict[str, str]:
    """What account.env holds; empty where there is none."""
    if not place.account.is_file():
        return {}
    words = shlex.split(place.account.read_text(encoding="utf-8"))
    return dict(word.split("=", 1) for word in words if "=" in word)


def create_user(place: Place, name: str, password: str, *, admin: bool = False) -> None:
    """Create a user, or give one a new password."""
    new = {"NEW_USERNAME": name, "NEW_PASSWORD": password, "NEW_IS_ADMIN": str(int(admin))}
    command = [str(place.python), "-c", _CREATE_USER]
    run(place, command, env={**place.variables(), **new}, log=place.logs / "init.log")


def launch(place: Place, name: str, command: list[str]) -> None:
    """Start a process that outlives this one; its output goes to logs/NAME.log."""
    with (place.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            env=place.variables(),
            cwd=place.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    (place.run / f"{name}.pid").write_text(str(process.pid), encoding="utf-8")


def wait_until_ready(place: Place, account: dict[str, str]) -> None:
    """Wait for a login to succeed. Raises ServerError, with the log's last line, if none does."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if can_log_in(account):
            return
        for name in ("web", "task"):
            if not alive(place, name):
                log = place.logs / f"{name}.log"
                stop(place, quiet=True)
                raise ServerError(f"doccano's {name} process ended; see {log}")
        time.sleep(0.5)
    stop(place, quiet=True)
    raise ServerError(f"nobody can log in after {START_SECONDS} s; see {place.logs}")


def can_log_in(account: dict[str, str]) -> bool:
    """Whether the server accepts the account: the one sign that it is ready."""
    names = {"username": "DOCCANO_USERNAME", "password": "DOCCANO_PASSWORD"}
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        f"{account['DOCCANO_URL']}v1/auth/login/",
        data=json.dumps({key: account[name] for key, name in names.items()}).encode(),
        headers={"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False


def refuse_used_port(port: int) -> None:
    """Raise ServerError where something else listens already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServerError(
                f"port {port} is taken by another program; choose one with DOCCANO_PORT=…"
            ) from error


def pid_of(place: Place, name: str) -> int | None:
    """The process of a pid file, if it is still ours: numbers are used again."""
    try:
        pid = int((place.run / f"{name}.pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    shown = subprocess.run(  # noqa: S603 - a number of our own
        ["ps", "-o", "stat=,command=", "-p", str(pid)],  # noqa: S607 - wherever the system has it
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return pid if str(place.env) in shown and not shown.startswith("Z") else None


def alive(place: Place, name: str) -> bool:
    """Whether one of the two processes runs."""
    return pid_of(place, name) is not None


def stop(place: Place, *, quiet: bool = False) -> None:
    """End both processes, and what they started."""
    for name in ("web", "task"):
        pid = pid_of(place, name)
        if pid is not None:
            end_group(pid)
            if not quiet:
                say(f"doccano's {name} process has ended")
        elif not quiet:
            say(f"doccano's {name} process was not running")
        (place.run / f"{name}.pid").unlink(missing_ok=True)


def end_group(pid: int, patience: float = 10) -> None:
    """Ask a process group to end, then make it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return
        until = time.monotonic() + patience
        while time.monotonic() < until:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # where it is a child of ours, as in the tests
            try:
                os.killpg(pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.1)


def show_status(place: Place) -> int:
    """Say whether doccano runs; the exit status says it too."""
    account = read_account(place)
    running = bool(account) and alive(place, "web") and alive(place, "task")
    ready = running and can_log_in(account)
    say(f"doccano {'runs at ' + account['DOCCANO_URL'] if ready else 'does not run'}")
    return 0 if ready else 1


def add_user(place: Place, name: str) -> None:
    """Create an annotator with a password of their own."""
    password = secrets.token_urlsafe(12)
    create_user(place, name, password)
    say(f"user {name}, password {password} (a new one if there was one before)")


def main() -> int:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("setup", "start", "stop", "status", "user"))
    parser.add_argument("name", nargs="?", help="with user: the new user's name")
    parser.add_argument("--home", type=Path, default=ROOT / ".doccano")
    parser.add_argument("--env", type=Path, default=ROOT / ".doccano" / "env")
    parser.add_argument("--port", type=int, default=int(os.environ.get("DOCCANO_PORT", "8001")))
    given = parser.parse_args()
    place = Place(given.home, given.env)
    try:
        if given.command == "status":
            return show_status(place)
        if given.command == "user" and not given.name:
            parser.error("user needs a name")
        actions = {
            "setup": lambda: set_up(place),
            "start": lambda: start(place, given.port),
            "stop": lambda: stop(place),
            "user": lambda: add_user(place, given.name),
        }
        actions[given.command]()
    except (ServerError, OSError) as error:
        sys.stderr.write(f"doccano: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
