"""A real doccano for the tests, and the people who work in it.

Its programs are those of `make doccano` (in .doccano/env, or where DOCCANO_ENV says).
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from doccano_client import DoccanoClient

from banmian.doccano import connect
from banmian.doccano_session import Limits

ROOT = Path(__file__).resolve().parents[2]
ENV = Path(os.environ.get("DOCCANO_ENV") or ROOT / ".doccano" / "env")


def missing(reason):
    """Skip, or fail where nothing may be skipped."""
    if os.environ.get("CI_BROWSER") == "required":
        pytest.fail(f"CI_BROWSER=required, but {reason}")
    pytest.skip(reason, allow_module_level=True)


@dataclass
class Person:
    """Somebody at work in doccano: the requests that its page would make."""

    client: DoccanoClient
    project: int

    def path(self, tail):
        return f"{self.client.baseurl}v1/projects/{self.project}/{tail}"

    def call(self, method, tail, **json):
        response = self.client.session.request(method, self.path(tail), json=json, timeout=30)
        assert response.ok, response.text
        return response.json() if response.content else None

    def create_user(self, **user):
        path = f"{self.client.baseurl}v1/users/create"
        response = self.client.session.post(path, json=user, timeout=30)
        assert response.ok, response.text

    def examples(self):
        return self.call("GET", "examples?limit=1000")["results"]

    def span_types(self):
        return {row["text"]: row["id"] for row in self.call("GET", "span-types")}

    def category_types(self):
        return {row["text"]: row["id"] for row in self.call("GET", "category-types")}

    def spans(self, example):
        return self.call("GET", f"examples/{example}/spans")

    def mark(self, example, start, end, label):
        offsets = {"start_offset": start, "end_offset": end}
        label = self.span_types()[label]
        return self.call("POST", f"examples/{example}/spans", **offsets, label=label)

    def confirm(self, example):
        self.call("POST", f"examples/{example}/states")


@dataclass
class Doccano:
    """A running server. ``env`` is what the command line needs to find it."""

    url: str
    username: str
    password: str
    home: Path
    people: dict[str, str] = field(default_factory=dict)

    @property
    def env(self):
        names = {"URL": self.url, "USERNAME": self.username, "PASSWORD": self.password}
        return {f"DOCCANO_{name}": value for name, value in names.items()}

    def server(self, **limits):
        return connect(self.url, self.username, self.password, Limits(**limits))

    def person(self, name, project):
        """Somebody logged in, created if need be."""
        if name not in self.people and name != self.username:
            self.people[name] = word = secrets.token_urlsafe(12)
            new = {"username": name, "password1": word, "password2": word}
            self.person(self.username, 0).create_user(**new)
        password = self.people.get(name, self.password)
        return Person(DoccanoClient(self.url, name, password), project)


def tool(*arguments, home, env=ENV, cwd=None, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("DOCCANO_")}
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "doccano.py", *arguments, "--home", home, "--env", env],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
        cwd=cwd,
        env={**clean, **environment},
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
