import pytest

from banmian.files import FileError
from banmian.pages import decode, find_pages, read_page
from banmian.types import Failure, Page

TEXT = "本报讯 近日，青杨社区开展活动。"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "utf-8"),
        (TEXT.encode("gb18030"), "gb18030"),
    ],
)
def test_reads_the_encodings_of_chinese_pages(data, encoding):
    assert decode(data) == (TEXT, encoding)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "binary"),
        ("Ça a été écrit à l'été, où ça? Les élèves".encode("latin-1"), "encoding"),
        (TEXT.encode("utf-16"), "encoding|binary"),
        (bytes(range(1, 32)) * 20, "binary"),
    ],
)
def test_says_why_a_file_is_no_page(data, reason):
    with pytest.raises(FileError, match=reason):
        decode(data)


def test_traditional_pages_and_a_mark_of_byte_order_are_read():
    text = "中文標題，正文內容說明。"
    assert decode(text.encode("gb18030")) == (text, "gb18030")
    assert decode(("\ufeff" + text).encode("gb18030")) == (text, "gb18030")


@pytest.mark.parametrize("given", ["", "a\0b", "x" * 5000])
def test_names_that_are_none_are_failures(given):
    ((name, path),) = find_pages([given])
    assert isinstance(read_page(name, path), Failure)


def test_line_ends_are_kept_so_that_offsets_are_the_files_own(tmp_path):
    file = tmp_path / "page.txt"
    file.write_bytes("甲\r\n乙\r丙".encode())
    page = read_page("page.txt", str(file))
    assert isinstance(page, Page)
    assert page.text == "甲\r\n乙\r丙"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_several_pages_in_one_file_keep_their_form_feeds(tmp_path, encoding, line_end):
    text = line_end.join(["第一版的标题", "第一版的正文。\f第二版的标题", "第二版的正文。", ""])
    (tmp_path / "pages.md").write_bytes(text.encode(encoding))
    page = read_page("pages.md", str(tmp_path / "pages.md"))
    assert isinstance(page, Page)
    assert page.text == text


def test_a_text_that_speaks_of_other_formats_is_a_text():
    assert decode("<html> 与 %PDF- 都是记号。".encode())[1] == "utf-8"


def test_a_missing_file_is_a_failure_that_says_so(tmp_path):
    failure = read_page("none.txt", str(tmp_path / "none.txt"))
    assert failure == Failure("none.txt", "read", "there is no such file")


def test_a_file_over_the_cap_is_a_failure(tmp_path):
    (tmp_path / "big.txt").write_text("甲" * 100)
    failure = read_page("big.txt", str(tmp_path / "big.txt"), limit=64)
    assert isinstance(failure, Failure)
    assert "larger" in failure.error


def test_inputs_are_files_folders_and_globs(tmp_path):
    (tmp_path / "a.txt").write_text("甲")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.md").write_text("乙")
    (tmp_path / "deep" / "picture.png").write_bytes(b"\0")
    (tmp_path / ".hidden.txt").write_text("丙")
    assert [name for name, _ in find_pages([str(tmp_path)])] == ["a.txt", "deep/b.md"]
    assert [name for name, _ in find_pages([str(tmp_path / "*.txt")])] == ["a.txt"]
    assert [name for name, _ in find_pages([str(tmp_path / "a.txt"), "gone.txt"])] == [
        "a.txt",
        "gone.txt",
    ]
