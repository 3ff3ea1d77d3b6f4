"""Annotations to and from doccano's files, CoNLL and DocBin."""

import io
import json
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banmian.annotations import from_row, read_annotations, to_row, write_annotations
from banmian.conll import ConllError, read_conll, write_conll
from banmian.docbins import DocBinError, from_docbin, to_docbin
from banmian.doccano_files import from_export_row, read_export
from banmian.doccano_rows import to_doccano
from banmian.files import FileError
from banmian.types import SPAN_LABELS

HARD = "𠮷野家党支部\r\n办“夜校”😀\u3000e\u0301 \\n#\tO\u2028收35件\n\n完"


def article(text=HARD, entities=((0, 6, "ORG"), (10, 12, "INITIATIVE")), key="k#1"):
    meta = {
        "key": key,
        "page": "页.txt",
        "source": [[0, 6, 5, 11]],
        "blocks": [["headline", 0, min(6, len(text))]],
    }
    row = {
        "id": 7,
        "text": text,
        "entities": entities,
        "cats": ["news", "governance"],
        "meta": meta,
    }
    return from_row(row)


@st.composite
def articles(draw):
    alphabet = st.one_of(
        st.characters(exclude_categories=["Cs"]), st.sampled_from("𠮷😀\r\n\t\\# \u3000\u0301甲乙")
    )
    text = draw(st.text(alphabet, min_size=1, max_size=40))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    labels = draw(st.lists(st.sampled_from(SPAN_LABELS), min_size=8, max_size=8))
    pairs = zip(cuts[::2], cuts[1::2], labels, strict=False)
    return article(text, [(start, end, label) for start, end, label in pairs])


@given(st.lists(articles(), max_size=3))
def test_conll_there_and_back_to_the_code_point(given_articles):
    assert list(read_conll("".join(write_conll(given_articles)))) == given_articles


@given(st.lists(articles(), max_size=3))
def test_docbin_there_and_back_to_the_code_point(given_articles):
    assert list(from_docbin(to_docbin(given_articles))) == given_articles


@given(articles())
def test_doccanos_import_and_export_to_the_code_point(one):
    row = json.loads(json.dumps(to_doccano(one))) | {"id": 3, "Comments": []}
    back = from_export_row(row)
    assert (back.text, back.spans, back.genre, back.topics) == (one.text, one.spans, one.genre, one.topics)  # fmt: skip
    assert (back.blocks, back.meta) == (one.blocks, one.meta)


def test_conll_is_what_other_tools_read():
    lines = "".join(write_conll([article("青杨社区\n办 夜", [(0, 4, "ORG")])])).splitlines()
    assert lines[0] == "# newdoc"
    assert lines[2:] == [
        "青\tB-ORG", "杨\tI-ORG", "社\tI-ORG", "区\tI-ORG", "\\n\tO", "", "办\tO", "\\u0020\tO", "夜\tO", "",
    ]  # fmt: skip


def test_conll_of_others():
    text = "# no tag\n-DOCSTART- -X- O\n\n青杨 NR S-ORG\n# NR O\n办 VV O\n\n夜 NN B-INITIATIVE\n校 NN E-INITIATIVE\n\\n NN O\n"
    (found,) = read_conll(text)
    assert found.text == "青杨#办\n夜校\\n"
    assert [(s.text, s.label) for s in found.spans] == [("青杨", "ORG"), ("夜校", "INITIATIVE")]
    assert [a.text for a in read_conll("甲\tO\n\n乙\tU-ORG\r\n丙\tI-ORG\n")] == ["甲", "乙丙"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("甲\n", "line 1: no token"),
        ("# newdoc\n甲\tX-ORG", "line 2: no token"),
        ("# newdoc\n甲\tB-PERSON", "article at line 1: unknown label 'PERSON'"),
        ("# newdoc\n# banmian = {\n", "line 2, header: is not JSON"),
        ('# newdoc\n# banmian = {"cats": ["poem"]}\n甲\tO', "line 1: unknown category"),
        ('# newdoc\n# banmian = {"meta": {"blocks": [["headline", 0, 9]]}}\n甲\tO', "lies outside"),
        ("# newdoc\n# banmian = {}\n\\ud83d\tO", "article at line 1"),
    ],
)
def test_columns_that_are_none_name_the_line(text, message):
    with pytest.raises(ConllError, match=message):
        list(read_conll(text))


def test_overlapping_spans_name_the_article():
    crossed = article("青杨社区夜校", [(0, 4, "ORG"), (2, 6, "SLOGAN")], key="b01-007")
    with pytest.raises(ConllError, match="b01-007: SLOGAN '社区夜校' overlaps"):
        list(write_conll([crossed]))
    with pytest.raises(DocBinError, match="b01-007: spans overlap"):
        to_docbin([crossed])


def test_docbin_is_what_spacy_reads(tmp_path):
    import spacy
    from spacy.tokens import DocBin

    (doc,) = DocBin().from_bytes(to_docbin([article()])).get_docs(spacy.blank("zh").vocab)
    assert doc.text == HARD
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("𠮷野家党支部", "ORG"), ("夜校", "INITIATIVE")]  # fmt: skip
    assert doc.cats["genre:news"] == doc.cats["topic:governance"] == 1
    assert doc.cats["genre:photo"] == 0


@pytest.mark.parametrize("data", [b"", b"no", zlib.compress(b"no"), zlib.compress(b"\x80")])
def test_bytes_that_are_no_docbin(data):
    with pytest.raises(DocBinError, match="is no DocBin"):
        list(from_docbin(data))


def test_a_docbin_that_unpacks_without_end_is_not_unpacked(monkeypatch):
    monkeypatch.setattr("banmian.docbins._LARGEST", 1000)
    with pytest.raises(DocBinError, match="larger than"):
        list(from_docbin(zlib.compress(b"\0" * 5000)))


def zipped(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in members:
            archive.writestr(name, "".join(json.dumps(row) + "\n" for row in rows))
    return path


ROW = {
    "id": 1,
    "text": "𠮷野办夜校",
    "entities": [[4, 6, "INITIATIVE"]],
    "cats": ["news"],
    "Comments": [],
}


def test_offsets_of_an_export_count_what_the_page_counts(tmp_path):
    assert from_export_row(ROW).spans[0].text == "夜校"
    assert from_export_row(ROW | {"entities": [[3, 5, "ORG"]]}, utf16=False).spans[0].text == "夜校"


def test_other_forms_of_labels_and_loose_keys():
    entity = {"id": 9, "label": "ORG", "start_offset": 0, "end_offset": 3}
    row = {
        "id": 1,
        "text": "𠮷野办",
        "label": [entity],
        "cats": None,
        "paper": "日报",
        "meta": None,
    }
    found = from_export_row(row)
    assert found.spans[0].text == "𠮷野"
    assert found.meta == {"paper": "日报"}
    assert from_export_row({"text": "甲", "label": ["news", "governance"]}).genre == "news"


def test_a_zip_of_several_annotators(tmp_path):
    file = zipped(tmp_path / "x.zip", ("ana.jsonl", [ROW]), ("../../bo.jsonl", [ROW]))
    assert [a.meta["annotator"] for a in read_export(file)] == ["ana", "annotator 2"]
    one = zipped(tmp_path / "y.zip", ("all.jsonl", [ROW]))
    assert "annotator" not in next(read_export(one)).meta


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"entities": [[1, 3, "ORG"]]}, "line 1, article 1: UTF-16 offset 1 lies within"),
        ({"entities": [[0, 99, "ORG"]]}, "article 1: UTF-16 offset 99 lies outside"),
        ({"entities": [[4, 4, "ORG"]]}, "lies outside"),
        ({"entities": [[0, 2]]}, "article 1"),
        ({"entities": [[0, 2, "PERSON"]], "meta": {"key": "k#9"}}, "article k#9: unknown label"),
        ({"cats": ["news", "photo"]}, "has 2 genres"),
        ({"text": 5}, "text is not a string"),
        ({"text": "\ud83d"}, "surrogates not allowed"),
    ],
)
def test_a_row_that_is_none_names_file_line_and_article(tmp_path, row, message):
    file = zipped(tmp_path / "x.zip", ("all.jsonl", [ROW | row]))
    with pytest.raises(FileError, match=message) as error:
        list(read_export(file))
    assert str(error.value).startswith(f"{file}, file 1, line 1")


def test_zips_that_mean_harm_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("banmian.archives.MOST_MEMBERS", 3)
    many = zipped(tmp_path / "many.zip", *((f"{n}.jsonl", []) for n in range(4)))
    with pytest.raises(FileError, match="more than 3 files"):
        list(read_export(many))
    monkeypatch.setattr("banmian.archives.MOST_BYTES", 100)
    with pytest.raises(FileError, match="larger than 0 MB unpacked"):
        list(read_export(zipped(tmp_path / "big.zip", ("all.jsonl", [ROW] * 50))))
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("all.jsonl", "")
    with pytest.raises(FileError, match="packed in an unusual way"):
        list(read_export(tmp_path / "odd.zip"))
    broken = io.BytesIO(zipped(tmp_path / "ok.zip", ("all.jsonl", [ROW])).read_bytes()[:-30])
    (tmp_path / "broken.zip").write_bytes(broken.getvalue())
    with pytest.raises(FileError, match="no readable zip"):
        list(read_export(tmp_path / "broken.zip"))


@pytest.mark.parametrize("name", ["x.conll", "x.spacy", "x.jsonl"])
def test_export_and_import_on_the_command_line(run, tmp_path, name):
    write_annotations(tmp_path / "in.jsonl", [article()])
    assert (
        run("annotations", "export", tmp_path / "in.jsonl", "-o", tmp_path / name).returncode == 0
    )
    done = run("annotations", "import", tmp_path / name, "-o", tmp_path / "out.jsonl")
    assert done.returncode == 0, done.stderr.decode()
    (back,) = read_annotations([tmp_path / "out.jsonl"])
    assert to_row(back) | {"id": 0} == to_row(article()) | {"id": 0}
    if name == "x.jsonl":
        assert (tmp_path / name).read_bytes().isascii()


def test_what_cannot_be_exported_is_one_line_and_leaves_no_file(run, tmp_path):
    write_annotations(tmp_path / "in.jsonl", [article("青杨社区", [(0, 3, "ORG"), (2, 4, "ORG")])])
    for name in ("x.conll", "x.spacy", "x.jsonl"):
        done = run("annotations", "export", tmp_path / "in.jsonl", "-o", tmp_path / name)
        assert done.returncode == 1
        assert done.stderr.decode().count("\n") == 1
        assert "k#1" in done.stderr.decode()
        assert [file.name for file in tmp_path.iterdir()] == ["in.jsonl"]
    done = run("annotations", "export", tmp_path / "in.jsonl", "-o", tmp_path / "x.doc")
    assert done.returncode == 2


def test_pages_are_tagged_and_written_for_doccano(run, root, tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"\x00")
    done = run(
        "annotations", "export", root / "seeds", tmp_path / "bad.txt", "-o", tmp_path / "x.jsonl"
    )
    assert done.returncode == 3
    assert "bad.txt: is binary" in done.stderr.decode()
    found = list(read_export(tmp_path / "x.jsonl"))
    assert {a.meta["page"] for a in found} == {file.name for file in (root / "seeds").iterdir()}
    assert all(a.meta["page_sha256"] and a.blocks and a.genre for a in found)
    assert sum(len(a.spans) for a in found) > 200
