"""Servers that are down, slow, broken or hostile: one clear line, and nothing left half done."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
import time
import zipfile
from contextlib import suppress
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from banmian.cli import app
from banmian.doccano import connect, read_export
from banmian.doccano_projects import find_projects, make_project
from banmian.doccano_push import push
from banmian.doccano_rows import RowError, to_doccano
from banmian.doccano_session import DoccanoError, Limits, check_url
from fake_doccano import PASSWORD, PROJECT, fake_server, page_of
from test_doccano_rows import article, example

PROGRESS = {"total": 4, "progress": [{"user": "zoe", "done": 3}]}
QUICK = Limits(silence=1, whole=2, task=1, reply=1 << 20)


def log_in(server, limits=QUICK):
    return connect(server.url, "admin", PASSWORD, limits)


def row_of(article, number=1):
    there = example(article, number)
    return {"id": number, "text": there.text, "meta": {"meta": there.meta}, "is_confirmed": True}


def export_of(*rows, name="all.jsonl"):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, "".join(json.dumps(row) + "\n" for row in rows))
    return packed.getvalue()


def exported(article, number=1):
    row = to_doccano(article)
    return {"id": number, "text": row["text"], "entities": row["entities"], "cats": row["cats"]}


def test_a_server_that_is_down():
    with fake_server() as server:
        url = server.url
    with pytest.raises(DoccanoError, match="cannot be reached; does doccano run there"):
        connect(url, "admin", PASSWORD, QUICK)


def test_a_server_that_says_nothing():
    with fake_server({"GET v1/me": lambda _: time.sleep(3)}) as server:
        started = time.monotonic()
        with pytest.raises(DoccanoError, match="does not answer within 1 s"):
            log_in(server)
        assert time.monotonic() - started < 2.5


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_drips(part):
    def drip(handler):
        if part == "body":
            handler.send_response(200)
            handler.end_headers()
        for _ in range(20):
            handler.wfile.write(b"H" if part == "head" else b" ")
            handler.wfile.flush()
            time.sleep(0.3)

    with fake_server({"GET v1/me": drip}) as server:
        started = time.monotonic()
        with pytest.raises(DoccanoError, match=r"in full within|too slowly"):
            log_in(server)
        assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ((500, b"<h1>Server Error (500)</h1>"), "answers status 500: no reason given"),
        ((503, {"detail": "come back\nlater \x1b[31m"}), "status 503: come back later"),
        ((403, {"detail": "no"}), r"refuses: no \(status 403\)"),
        (b"<html>hello</html>", "is it the address"),
        (b"[" * 100_000, "is it the address"),
        ({"detail": "logged in"}, "no 'username' in it"),
        ({"username": "mallory"}, "logged in somebody else"),
        (b" " * (2 << 20), "more than 1 MB"),
    ],
)
def test_an_answer_that_is_none(reply, says):
    with fake_server({"GET v1/me": reply}) as server, pytest.raises(DoccanoError, match=says):
        log_in(server)


def test_a_wrong_password():
    refusal = (400, {"non_field_errors": ["Unable to log in with provided credentials."]})
    with (
        fake_server({"POST v1/auth/login/": refusal}) as server,
        pytest.raises(DoccanoError, match="does not accept this user name and password"),
    ):
        log_in(server)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status):
    with fake_server() as other:

        def redirect(handler):
            handler.send(status, b"", Location=f"{other.url}v1/auth/login/")

        with (
            fake_server({"POST v1/auth/login/": redirect}) as server,
            pytest.raises(DoccanoError, match="sends us on to"),
        ):
            log_in(server)
        assert not other.heard


def test_a_list_without_end_is_cut_short():
    def endless(handler):
        first = len(server.heard) * 1000
        rows = [{"id": first + n, "name": "x" * 1000} for n in range(200)]
        return {"count": 10**9, "results": rows}

    limits = replace(QUICK, session=1 << 21)
    with fake_server({"GET v1/projects": endless}) as server:
        there = log_in(server, limits)
        with pytest.raises(DoccanoError, match="has sent more than 2 MB by now"):
            find_projects(there, "banmian")
        assert len(server.heard) < 20


def test_a_packed_answer_is_refused():
    def packed(handler):
        handler.send(200, b"\x1f\x8b", Content_Encoding="gzip")

    with (
        fake_server({"GET v1/me": packed}) as server,
        pytest.raises(DoccanoError, match="compressed"),
    ):
        log_in(server)


@pytest.fixture
def certificate(tmp_path):
    """A certificate for this machine that only its own file vouches for: (certificate, key)."""
    made = subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"),
        ],
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def test_a_certificate_that_nobody_vouches_for(certificate):
    with (
        fake_server(certificate=certificate) as server,
        pytest.raises(DoccanoError, match="certificate cannot be verified"),
    ):
        log_in(server)
    assert not server.heard


def test_a_certificate_that_the_environment_vouches_for(certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    with fake_server(certificate=certificate) as server:
        assert log_in(server).username == "admin"


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with fake_server() as server:
        assert log_in(server).username == "admin"


def test_the_password_and_the_tokens_never_appear():
    def echo(handler):
        said = {"detail": f"{PASSWORD} {handler.headers.get('Cookie')}"}
        handler.send(500, json.dumps(said).encode())

    with fake_server({"GET v1/me": echo}) as server, pytest.raises(DoccanoError) as caught:
        log_in(server)
    assert "***" in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert "csrf-secret-token" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "doccano",
        "ftp://x/",
        "http://",
        "http://u:pw@x/",
        "http://x/?a=b",
        "http://x:y/",
        "file:///x",
    ],
)
def test_an_address_that_is_none(url):
    with pytest.raises(DoccanoError) as caught:
        check_url(url)
    assert "pw" not in str(caught.value)


# push


def test_an_import_that_fails_is_taken_back():
    pushed = []
    refusal = {"error": [{"filename": "f", "line": 1, "message": "Invalid data in line 1"}]}

    def examples(_):
        return page_of(pushed)

    def upload(_):
        row = to_doccano(article(), push_id(server))
        pushed.append(
            {"id": 7, "text": row["text"], "meta": {"meta": row["meta"]}, "is_confirmed": False}
        )
        return {"task_id": "import-1"}

    def push_id(server):
        body = next(b for k, b in server.heard if k == "POST v1/projects/1/tags")
        return json.loads(body)["text"].split()[2]

    replies = {
        "GET v1/projects/1/examples": examples,
        "POST v1/projects/1/upload": upload,
        "GET v1/tasks/status/import-1": {"ready": True, "result": refusal, "error": None},
    }
    with fake_server(replies) as server:
        there = log_in(server)
        with pytest.raises(DoccanoError, match="refuses the import: Invalid data in line 1"):
            push(there, make_project(there, "banmian"), [article()])
        heard = dict(server.heard)
    assert json.loads(heard["DELETE v1/projects/1/examples"]) == {"ids": [7]}
    assert heard["DELETE v1/fp/revert/"] == b"upload1"
    assert "DELETE v1/projects/1/tags/5" in heard


def test_an_import_that_loses_articles_is_noticed():
    with fake_server({"GET v1/projects/1/download": export_of()}) as server:
        there = log_in(server)
        with pytest.raises(DoccanoError, match="holds 0 articles of this push instead of 1"):
            push(there, make_project(there, "banmian"), [article()])
        assert "DELETE v1/projects/1/examples" not in dict(server.heard)  # [] would delete all


def test_a_queue_that_does_not_run():
    waiting = {"ready": False, "result": None, "error": None}
    with fake_server({"GET v1/tasks/status/import-1": waiting}) as server:
        there = log_in(server)
        with pytest.raises(DoccanoError, match="does `doccano task` run"):
            push(there, make_project(there, "banmian"), [article()])
        assert dict(server.heard)["DELETE v1/fp/revert/"] == b"upload1"


def test_an_article_that_doccano_cannot_hold_stops_the_push_before_it_begins():
    spans = (article().spans[0], replace(article().spans[0], start=4))
    with fake_server() as server:
        there = log_in(server)
        with pytest.raises(RowError, match="overlap"):
            push(there, make_project(there, "banmian"), [replace(article(), spans=spans)])
        assert not any(key.startswith("POST v1/projects/1") for key, _ in server.heard)


def test_a_project_of_another_type_is_left_alone():
    other = {**PROJECT, "project_type": "Seq2seq"}
    with fake_server({"GET v1/projects": page_of([other])}) as server:
        there = log_in(server)
        with pytest.raises(DoccanoError, match="is of another type"):
            make_project(there, "banmian")


def test_a_project_without_its_labels_is_removed_again():
    replies = {
        "GET v1/projects": page_of([]),
        "POST v1/projects": {**PROJECT},
        "GET v1/projects/1/span-types": [],
        "POST v1/projects/1/span-types": (500, b""),
        "DELETE v1/projects/1": None,
    }
    with fake_server(replies) as server:
        there = log_in(server)
        with pytest.raises(DoccanoError, match="status 500"):
            make_project(there, "banmian")
        assert server.heard[-1][0] == "DELETE v1/projects/1"


# pull


@pytest.fixture
def pull(monkeypatch, tmp_path):
    """Run `banmian doccano pull` against a server; the result, and the folder of the files."""

    def pull(server, *options):
        monkeypatch.setenv("DOCCANO_URL", server.url)
        monkeypatch.setenv("DOCCANO_USERNAME", "admin")
        monkeypatch.setenv("DOCCANO_PASSWORD", PASSWORD)
        arguments = ["doccano", "pull", "-o", str(tmp_path / "out"), "--timeout", "1", *options]
        return CliRunner().invoke(app, arguments), tmp_path / "out"

    return pull


def with_articles(*articles, **changes):
    numbered = list(enumerate(articles, 1))
    return {
        "GET v1/projects/1/examples": page_of([row_of(a, n) for n, a in numbered]),
        "GET v1/projects/1/download": export_of(*(exported(a, n) for n, a in numbered)),
        **changes,
    }


def test_a_pull_brings_the_articles(pull):
    with fake_server(with_articles(article(), article(number=2))) as server:
        result, out = pull(server)
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["entities"] for line in (out / "banmian.jsonl").open()] == [
        [[3, 6, "ORG"]]
    ] * 2


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (b"PK\x03\x04 broken", "no readable zip"),
        (b"<html>", "no readable zip"),
        ((500, b""), "status 500"),
        (
            lambda h: h.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nPK"),
            "broke off|cannot be reached",
        ),
        (export_of(exported(article()), b"x".hex()), "cannot be read"),
        (export_of({"id": "1", "entities": [], "cats": []}), "cannot be read"),
        (export_of({"id": 1, "entities": [[0, 1]], "cats": []}), "cannot be read"),
    ],
)
def test_an_interrupted_pull_leaves_the_old_file(pull, tmp_path, reply, says):
    (tmp_path / "out").mkdir()
    old = tmp_path / "out" / "banmian.jsonl"
    old.write_text("as it was\n")
    with fake_server(with_articles(article(), **{"GET v1/projects/1/download": reply})) as server:
        result, out = pull(server)
    assert result.exit_code == 1
    lines = result.output.strip().splitlines()
    assert len(lines) == 1, lines
    assert re.search(says, lines[0]), lines
    assert "no file was written" in lines[0]
    assert [file.name for file in out.iterdir()] == ["banmian.jsonl"]
    assert old.read_text() == "as it was\n"


def test_articles_that_doccano_has_no_more_are_not_dropped_without_a_word(pull):
    both = with_articles(article(), article(number=2))
    with fake_server(both) as server:
        pull(server)
    with fake_server(with_articles(article())) as server:
        result, out = pull(server)
        assert result.exit_code == 1
        assert "--force" in result.output
        assert len((out / "banmian.jsonl").read_text().splitlines()) == 2
        assert pull(server, "--force")[0].exit_code == 0
        assert len((out / "banmian.jsonl").read_text().splitlines()) == 1


def test_an_article_that_cannot_be_taken_is_named_and_the_others_come(pull):
    replies = with_articles(article(), article(number=2, key="a.txt#2"))
    rows = [exported(article()), {**exported(article(), 2), "entities": [[1, 3, "ORG"]]}]
    with fake_server({**replies, "GET v1/projects/1/download": export_of(*rows)}) as server:
        result, out = pull(server)
    assert result.exit_code == 3
    assert "a.txt#2: left out: UTF-16 offset 1 lies within a character" in result.output
    assert len((out / "banmian.jsonl").read_text().splitlines()) == 1


def test_names_from_the_server_are_no_paths(pull, tmp_path):
    """The name of an annotator, of a project, of a file in the zip: none leaves the folder."""
    evil = "../../evil"
    project = {**PROJECT, "collaborative_annotation": False}
    apart = {**PROJECT, "id": 2, "name": "banmian/../../worse"}
    replies = {
        **with_articles(article()),
        "GET v1/projects": page_of([project, apart]),
        "GET v1/projects/1/members": [{"username": evil}],
        "GET v1/projects/1/download": export_of(exported(article()), name=f"{evil}.jsonl"),
        "GET v1/projects/2/examples": page_of([row_of(article())]),
        "POST v1/projects/2/download": {"task_id": "export-1"},
        "GET v1/projects/2/download": export_of(exported(article()), name="/etc/all.jsonl"),
    }
    with fake_server(replies) as server:
        result, _ = pull(server)
    assert result.exit_code == 0, result.output
    assert sorted(str(f.relative_to(tmp_path)) for f in tmp_path.rglob("*") if f.is_file()) == [
        "out/banmian-evil.jsonl",
        "out/banmian-worse.jsonl",
    ]


def test_a_zip_that_would_fill_the_memory(monkeypatch):
    monkeypatch.setattr("banmian.archives.MOST_BYTES", 1 << 20)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("all.jsonl", b" " * (8 << 20))
    assert len(bomb.getvalue()) < 1 << 16
    with pytest.raises(DoccanoError, match="larger than 1 MB"):
        read_export(bomb.getvalue(), ("",))


def test_a_line_too_long_for_an_article(monkeypatch):
    monkeypatch.setattr("banmian.doccano._LONGEST_LINE", 100)
    with pytest.raises(DoccanoError, match="line 2 of doccano's export is too long"):
        read_export(
            export_of({"id": 1, "entities": [], "cats": []}, {"id": 2, "x": "x" * 99}), ("",)
        )


def test_a_zip_with_files_of_nobody():
    with pytest.raises(DoccanoError, match="no annotator"):
        read_export(export_of(name="mallory.jsonl"), ("alice",))
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("a.jsonl", "")
        archive.writestr("b.jsonl", "")
    with pytest.raises(DoccanoError, match="no annotator"):
        read_export(twice.getvalue(), ("",))


# the command line


REFUSED = (400, {"non_field_errors": ["Unable to log in with provided credentials."]})
FAULTS = {
    "down": ({}, "cannot be reached"),
    "slow": ({"GET v1/me": lambda _: time.sleep(3)}, "does not answer within 1 s"),
    "500": ({"GET v1/projects": (500, b"<h1>Server Error</h1>")}, "answers status 500"),
    "wrong password": ({"POST v1/auth/login/": REFUSED}, "does not accept this user name"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", ["push", "pull", "status"])
def test_each_fault_is_one_line_and_leaves_no_file(command, fault, nlp, monkeypatch, tmp_path):
    replies, says = FAULTS[fault]
    monkeypatch.setattr("banmian.model.load", lambda _: nlp)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.txt").write_text("县里办夜校\n\n县里的夜校开了班，居民都说好。\n")
    with fake_server(replies) as server:
        account = {"URL": server.url, "USERNAME": "admin", "PASSWORD": PASSWORD}
        if fault == "down":
            server.shutdown()
            server.server_close()
        done = CliRunner().invoke(
            app,
            ["doccano", command, "--timeout", "1", *(["page.txt"] if command == "push" else [])],
            env={f"DOCCANO_{name}": value for name, value in account.items()},
        )
    assert done.exit_code == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert says in done.stderr
    assert PASSWORD not in done.stderr
    assert [file.name for file in tmp_path.rglob("*")] == ["page.txt"]


def test_a_pull_that_is_broken_off_by_hand_leaves_the_old_file(tmp_path):
    """Ctrl-C while the server is still sending."""
    old = tmp_path / "banmian.jsonl"
    old.write_text("")
    reached = threading.Event()

    def hang(_):
        reached.set()
        time.sleep(20)

    with fake_server(with_articles(article(), **{"GET v1/projects/1/download": hang})) as server:
        account = {"URL": server.url, "USERNAME": "admin", "PASSWORD": PASSWORD}
        pull = subprocess.Popen(
            [sys.executable, "-m", "banmian", "doccano", "pull", "-o", tmp_path],
            env={**os.environ, **{f"DOCCANO_{name}": value for name, value in account.items()}},
            stderr=subprocess.PIPE,
        )
        assert reached.wait(60)
        pull.send_signal(signal.SIGINT)
        said = pull.communicate(timeout=60)[1].decode()
    assert pull.returncode != 0
    assert "Traceback" not in said
    assert [file.name for file in tmp_path.iterdir()] == ["banmian.jsonl"]
    assert old.read_text() == ""


@pytest.mark.timeout(120)
def test_the_password_is_asked_for_and_not_shown():
    with fake_server({"GET v1/projects/1/metrics/member-progress": PROGRESS}) as server:
        ours, theirs = pty.openpty()
        names = [name for name in os.environ if not name.startswith("DOCCANO_")]
        asked = subprocess.Popen(
            [sys.executable, "-m", "banmian", "doccano", "status"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={name: os.environ[name] for name in names},
            start_new_session=True,
        )
        os.close(theirs)
        shown = b""
        for question, answer in (("address", server.url), ("user", "admin"), ("pass", PASSWORD)):
            while question.encode() not in shown:
                shown += os.read(ours, 1000)
            while question == "pass" and termios.tcgetattr(ours)[3] & termios.ECHO:
                time.sleep(0.05)
            os.write(ours, f"{answer}\n".encode())
        with suppress(OSError):  # the terminal is gone with the program
            while piece := os.read(ours, 1000):
                shown += piece
        os.close(ours)
        assert asked.wait(30) == 0, shown.decode()
    assert b"zoe" in shown
    assert PASSWORD.encode() not in shown


def test_without_a_terminal_nobody_is_asked(monkeypatch, run):
    for name in ("URL", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"DOCCANO_{name}", raising=False)
    done = run("doccano", "status", stdin=b"")
    assert done.returncode == 2
    assert (
        done.stderr.decode()
        == "banmian: set DOCCANO_URL (doccano's address); there is nobody to ask\n"
    )


def test_a_page_that_is_no_page_ends_before_anybody_logs_in(run, tmp_path):
    done = run("doccano", "push", tmp_path)
    assert done.returncode == 2
    assert b"no pages" in done.stderr
