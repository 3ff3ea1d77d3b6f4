"""Files alone: what `annotations export` writes goes into a real doccano, what it exports comes back."""

import json
import time
from dataclasses import replace

from typer.testing import CliRunner

from banmian.annotations import read_annotations, write_annotations
from banmian.cli import app
from banmian.doccano_projects import add_member, make_project

from .test_loop import ODD, article, utf16


def annotations(*arguments):
    done = CliRunner().invoke(app, ["annotations", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done


def wait(person, asked):
    for _ in range(240):
        path = f"{person.client.baseurl}v1/tasks/status/{asked['task_id']}"
        state = person.client.session.get(path, timeout=30).json()
        if state["ready"]:
            return state["result"]
        time.sleep(0.5)
    raise TimeoutError(asked)


def upload(person, file):
    """Import a file as the page does when somebody drops it there."""
    path = f"{person.client.baseurl}v1/fp/process/"
    with file.open("rb") as stream:
        sent = person.client.session.post(path, files={"filepond": (file.name, stream)}, timeout=30)
    task = {"format": "JSONL", "task": "IntentDetectionAndSlotFilling", "encoding": "Auto"}
    assert not wait(person, person.call("POST", "upload", uploadIds=[sent.text], **task))["error"]


def download(person, file):
    asked = person.call("POST", "download", format="JSONL", exportApproved=False)
    wait(person, asked)
    path = person.path(f"download?taskId={asked['task_id']}")
    file.write_bytes(person.client.session.get(path, timeout=30).content)


def same(back, given):
    assert len(back) == len(given)
    for one, other in zip(back, given, strict=True):
        assert (one.text, one.spans, one.blocks, one.meta) == (
            other.text, other.spans, other.blocks, other.meta,
        )  # fmt: skip
        assert (one.genre, set(one.topics)) == (other.genre, set(other.topics))


def test_files_there_and_back(doccano, project, tmp_path):
    given = [article(text, number) for number, text in enumerate(ODD, 1)]
    write_annotations(tmp_path / "given.jsonl", given)
    annotations("export", tmp_path / "given.jsonl", "-o", tmp_path / "to-import.jsonl")
    place = make_project(doccano.server(), project)
    person = doccano.person(doccano.username, place.id)
    upload(person, tmp_path / "to-import.jsonl")
    download(person, tmp_path / "export.zip")
    annotations("import", tmp_path / "export.zip", "-o", tmp_path / "back.jsonl")
    same(list(read_annotations([tmp_path / "back.jsonl"])), given)


def test_what_the_page_marks_in_a_text_uploaded_by_hand(doccano, project, tmp_path):
    text = "𠮷县😀新闻 村委会成立"
    file = tmp_path / "by-hand.jsonl"
    file.write_text(json.dumps({"text": text, "paper": "日报", "entities": [], "cats": []}) + "\n")
    place = make_project(doccano.server(), project)
    person = doccano.person(doccano.username, place.id)
    upload(person, file)
    (example,) = person.examples()
    person.mark(example["id"], *utf16(text, "村委会"), "ORG")
    download(person, tmp_path / "export.zip")
    annotations("import", tmp_path / "export.zip", "-o", tmp_path / "back.jsonl")
    (back,) = read_annotations([tmp_path / "back.jsonl"])
    assert (back.text, [span.text for span in back.spans]) == (text, ["村委会"])
    assert back.meta == {"paper": "日报"}


def test_a_zip_of_two_people_keeps_them_apart(doccano, project, tmp_path):
    given = [replace(article(ODD[0]), spans=())]
    write_annotations(tmp_path / "given.jsonl", given)
    annotations("export", tmp_path / "given.jsonl", "-o", tmp_path / "to-import.jsonl")
    server = doccano.server()
    doccano.person("ida", 0)
    place = make_project(server, project, collaborative=False)
    person = doccano.person(doccano.username, place.id)
    upload(person, tmp_path / "to-import.jsonl")
    add_member(server, place, "ida")
    (example,) = person.examples()
    ida = doccano.person("ida", place.id)
    ida.mark(example["id"], *utf16(ODD[0], "村委会"), "ORG")
    download(person, tmp_path / "export.zip")
    annotations("import", tmp_path / "export.zip", "-o", tmp_path / "back.jsonl")
    back = {a.meta["annotator"]: a for a in read_annotations([tmp_path / "back.jsonl"])}
    assert set(back) == {doccano.username, "ida"}
    assert [span.text for span in back["ida"].spans] == ["村委会"]
    assert back[doccano.username].spans == ()
    shown = annotations("agreement", tmp_path / "back.jsonl").stdout
    assert "ida" in shown
