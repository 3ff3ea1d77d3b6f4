"""PDF and saved web pages as input: the text that is extracted, and why some have none."""

import io
import json
import sys
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from reportlab.lib import pdfencrypt
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from typer.testing import CliRunner

from banmian import html_pages, pdf
from banmian.articles import clean_page
from banmian.cli import app
from banmian.files import FileError, sha256
from banmian.html_pages import decode_html, html_text
from banmian.pages import find_pages, read_page
from banmian.pdf import layout_text, pdf_text
from banmian.pdf_lines import Box
from banmian.types import Failure, Page

SIZE = (600, 800)
FONT = "Boxes"
HEADLINE = "青杨社区“小网格”托起大民生"
LEFT = [
    "本报讯（记者 王某）近日，青杨社区开",
    "展“敲门行动”，走访居民320户，收集意",
    "见45条。社区把党员、楼长编入网格，小",
    "事不出楼栋。",
    "“有事找网格员就行。”居民李大姐说。",
    "社区还在小区里设了议事亭，每周三晚上",
]
RIGHT = [
    "开会，谁有难处谁来说。楼道堆物、飞线",
    "充电这些老问题，就是在亭子里谈妥的。",
    "今年以来，社区为老人代办事项86件。",
    "下一步，社区将办好“小饭桌”，让双职工",
    "家庭的孩子放学有去处。",
]


@pytest.fixture(scope="module", autouse=True)
def _font():
    """A font of black boxes, embedded, so that no font of this machine takes its place."""
    characters = sorted(set(Path(__file__).read_text("utf-8")) - {"\n"})
    names = [".notdef", *(f"u{ord(char):05X}" for char in characters)]
    widths = [1000, *(250 if c in " .,-" else 460 if c.isascii() else 1000 for c in characters)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): name for c, name in zip(characters, names[1:], strict=True)})
    builder.setupGlyf({name: _black_box(width) for name, width in zip(names, widths, strict=True)})
    builder.setupHorizontalMetrics({n: (w, 50) for n, w in zip(names, widths, strict=True)})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": FONT, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120)
    builder.setupPost()
    data = io.BytesIO()
    builder.save(data)
    data.seek(0)
    pdfmetrics.registerFont(TTFont(FONT, data))


def _black_box(width):
    pen = TTGlyphPen(None)
    corners = [(50, -120), (50, 880), (width - 50, 880), (width - 50, -120)]
    pen.moveTo(corners[0])
    for corner in corners[1:]:
        pen.lineTo(corner)
    pen.closePath()
    return pen.glyph()


def make_pdf(*pages, **options):
    """A PDF; each page is a function that draws on the canvas."""
    data = io.BytesIO()
    canvas = Canvas(data, pagesize=SIZE, **options)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return data.getvalue()


def write(canvas, x, y, text, size=10):
    canvas.setFont(FONT, size)
    canvas.drawString(x, y, text)


def write_lines(canvas, x, y, lines, size=10, leading=14):
    for number, line in enumerate(lines):
        write(canvas, x, y - number * leading, line, size)


def two_columns(canvas):
    write(canvas, 130, 700, HEADLINE, 24)
    write_lines(canvas, 100, 660, LEFT)
    write_lines(canvas, 310, 660, RIGHT)


EXPECTED = "\n\n".join([HEADLINE, "\n".join(LEFT), "\n".join(RIGHT)])


def test_a_headline_over_two_columns_is_read_first_then_left_then_right():
    assert pdf_text(make_pdf(two_columns)) == EXPECTED


def test_the_order_does_not_hang_on_the_order_in_the_file():
    def by_rows(canvas):
        for number in reversed(range(len(LEFT))):
            if number < len(RIGHT):
                write(canvas, 310, 660 - 14 * number, RIGHT[number])
            write(canvas, 100, 660 - 14 * number, LEFT[number])
        write(canvas, 130, 700, HEADLINE, 24)

    assert pdf_text(make_pdf(by_rows)) == EXPECTED


def test_a_headline_too_short_to_cross_a_gutter_still_stands_over_all_columns():
    def page(canvas):
        write(canvas, 252, 700, "小亭议事", 24)
        write(canvas, 270, 680, "记者 王某某")
        for number, x in enumerate((60, 230, 400)):
            write_lines(canvas, x, 650, [f"第{number}栏的第{i}行文字排成一样长" for i in range(5)])

    blocks = pdf_text(make_pdf(page)).split("\n\n")
    assert blocks[:2] == ["小亭议事", "记者 王某某"]
    assert [block[:3] for block in blocks[2:]] == ["第0栏", "第1栏", "第2栏"]


def test_two_articles_below_each_other_are_not_mixed():
    def page(canvas):
        write(canvas, 100, 760, "第一篇文章的标题横跨两栏上方", 24)
        write_lines(canvas, 60, 730, ["甲左的一行文字排成这样长短"] * 1 + ["甲左续行文字"], 10)
        write_lines(canvas, 300, 730, ["甲右的一行文字排成这样长短", "甲右续行文字"], 10)
        write(canvas, 100, 660, "第二篇文章的标题横跨三栏上方", 24)
        for name, x in zip("左中右", (60, 220, 380), strict=True):
            write_lines(canvas, x, 630, [f"乙{name}的一行文字排成这样"] + [f"乙{name}续行"] * 3)

    text = pdf_text(make_pdf(page))
    order = ["第一篇", "甲左的", "甲左续", "甲右的", "第二篇", "乙左的", "乙中的", "乙右的"]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_an_article_beside_a_taller_one_is_read_on_its_own():
    def page(canvas):
        write(canvas, 60, 700, "左边文章标题占两栏宽", 24)
        write_lines(canvas, 60, 670, [f"左一第{i}行文字文字文" for i in range(6)])
        write_lines(canvas, 190, 670, [f"左二第{i}行文字文字文" for i in range(6)])
        write(canvas, 340, 704, "右边文章标题", 18)
        write_lines(canvas, 340, 676, [f"右边第{i}行文字文字文字文" for i in range(7)])

    blocks = pdf_text(make_pdf(page)).split("\n\n")
    assert [block[:3] for block in blocks] == ["左边文", "左一第", "左二第", "右边文", "右边第"]


def test_articles_side_by_side_end_the_columns_above_them():
    def page(canvas):
        for number in range(4):
            write_lines(canvas, 20 + 140 * number, 760, [f"甲{number}文字文字文字文字"] * 5)
        write(canvas, 40, 660, "乙文的标题文字", 22)
        write(canvas, 320, 660, "丙文的标题文字", 22)
        for number in range(4):
            name = "乙乙丙丙"[number]
            write_lines(canvas, 20 + 140 * number, 630, [f"{name}{number}文字文字文字文字"] * 9)

    blocks = pdf_text(make_pdf(page)).split("\n\n")
    expected = ["甲0", "甲1", "甲2", "甲3", "乙文", "乙0", "乙1", "丙文", "丙2", "丙3"]
    assert [block[:2] for block in blocks] == expected


def test_a_title_set_wide_stays_one_line_and_columns_stay_apart():
    def page(canvas):
        for number, char in enumerate("昌平新风"):
            write(canvas, 100 + 50 * number, 700, char, 24)
        write_lines(canvas, 60, 640, ["一栏里的文字排成这样长短吧"] * 4)
        write_lines(canvas, 201, 640, ["二栏里的文字排成这样长短吧"] * 4)

    text = pdf_text(make_pdf(page))
    assert text.startswith("昌 平 新 风\n\n一栏里的")
    assert "吧 二栏" not in text


def test_a_wider_gap_parts_blocks():
    def page(canvas):
        write_lines(canvas, 60, 700, ["上面这一段的文字"] * 4)
        write_lines(canvas, 60, 620, ["下面那一段的文字"] * 4)

    assert [b[:2] for b in pdf_text(make_pdf(page)).split("\n\n")] == ["上面", "下面"]


def test_pages_are_parted_by_form_feeds_and_a_blank_page_is_an_empty_one():
    first, second = lambda c: write(c, 60, 700, "第一页。"), lambda c: write(c, 60, 700, "第三页。")
    assert pdf_text(make_pdf(first, lambda _: None, second)) == "第一页。\f\f第三页。"


def test_letters_printed_twice_for_a_shadow_are_read_once():
    def page(canvas):
        for shift in (0, 0.8):
            write(canvas, 60 + shift, 700 - shift, "哈哈镜照出好心情", 24)

    assert pdf_text(make_pdf(page)) == "哈哈镜照出好心情"


def test_a_page_turned_on_its_side_and_a_line_turned_on_the_page():
    def page(canvas):
        canvas.setPageRotation(90)
        canvas.translate(590, 10)
        canvas.rotate(90)
        two_columns(canvas)
        canvas.rotate(90)
        write(canvas, 400, -100, "旁注", 10)

    text = pdf_text(make_pdf(page))
    assert text == f"{EXPECTED}\n\n旁注"


def test_a_title_set_from_top_to_bottom_is_one_line():
    def page(canvas):
        for number, char in enumerate("网格里的家"):
            write(canvas, 60, 700 - 26 * number, char, 24)
        write_lines(canvas, 110, 710, [f"右边第{i}行的文字排成这样" for i in range(9)])

    assert pdf_text(make_pdf(page)).startswith("网格里的家\n\n右边第0行")


def test_bullets_and_numbers_stand_before_their_lines():
    def page(canvas):
        for number in range(4):
            write(canvas, 60, 700 - 14 * number, f"{number}.")
            write(canvas, 90, 700 - 14 * number, "这一条说的是一件事情。")

    assert pdf_text(make_pdf(page)).split("\n")[1] == "1. 这一条说的是一件事情。"


def test_a_page_of_too_many_lines_keeps_the_order_from_the_top(monkeypatch):
    monkeypatch.setattr(pdf, "_MOST_LINES", 3)
    text = pdf_text(make_pdf(two_columns))
    assert text.startswith(HEADLINE)
    assert sorted(text.split("\n")) == sorted([HEADLINE, *LEFT, *RIGHT])


def test_no_character_is_lost_whatever_the_layout():
    boxes = [
        Box(chr(0x4E00 + i), (i * 37) % 500, (i * 91) % 700, (i * 37) % 500 + 10, (i * 91) % 700 + 10, 10)
        for i in range(400)
    ]  # fmt: skip
    assert sorted("".join(layout_text(boxes).split())) == sorted(box.text for box in boxes)


def scan(canvas):
    canvas.rect(100, 100, 300, 300, fill=1)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: make_pdf(scan), "no text layer (a scan?); run OCR first"),
        (
            lambda: make_pdf(two_columns, encrypt=pdfencrypt.StandardEncryption("secret")),
            "is encrypted",
        ),
        (lambda: make_pdf(two_columns)[:300], "is damaged"),
        (lambda: b"%PDF-1.4\n%%EOF", "is damaged"),
        ("其实是文字。".encode, "is damaged, or no PDF"),
        (lambda: make_pdf(*[two_columns] * 3), "more than 2 pages"),
    ],
)
def test_a_pdf_without_usable_text_is_one_clear_failure(tmp_path, monkeypatch, make, reason):
    monkeypatch.setattr(pdf, "MAX_PAGES", 2)
    (tmp_path / "a.pdf").write_bytes(make())
    failure = read_page("a.pdf", str(tmp_path / "a.pdf"))
    assert isinstance(failure, Failure)
    assert failure.stage == "read"
    assert reason in failure.error
    assert "\n" not in failure.error


@pytest.mark.parametrize("cap", ["MAX_PAGE_CHARACTERS", "MAX_CHARACTERS"])
def test_a_pdf_of_too_many_characters_is_refused(monkeypatch, cap):
    monkeypatch.setattr(pdf, cap, 100)
    with pytest.raises(FileError, match="more than 100 characters"):
        pdf_text(make_pdf(two_columns))


def test_a_pdf_that_only_its_owner_may_change_is_read():
    locked = pdfencrypt.StandardEncryption("", ownerPassword="owner")
    assert pdf_text(make_pdf(two_columns, encrypt=locked)) == EXPECTED


def test_offsets_of_a_pdf_page_count_in_its_extracted_text(tmp_path):
    data = make_pdf(two_columns)
    (tmp_path / "a.pdf").write_bytes(data)
    page = read_page("a.pdf", str(tmp_path / "a.pdf"))
    assert page == Page("a.pdf", EXPECTED, sha256(data), "pdf")
    articles = clean_page(page).articles
    assert any("敲门行动" in article.text for article in articles)
    for article in articles:
        for run in article.source:
            assert article.text[run.start : run.end] == page.text[run.page_start : run.page_end]


WEB_PAGE = """<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}">
<title>青杨社区办好民生小事-某地日报数字报</title><style>.a{{color:red}}</style></head><body>
<div id="nav"><ul><li><a href="1">第01版 要闻</a></li><li><a href="2">第02版 综合</a></li></ul></div>
<table><tr><td class="font01">青杨社区办好民生小事</td></tr><tr><td class="font02">——记青杨社区党委</td></tr></table>
<script>var a = "脚本里的字";</script>
<div id="ozoom"><founder-content><P>　　本报讯（记者 王某）近日，青杨社区开展“敲门行动”，走访居民320户，收集意见45条。</P>
<P><strong>办好小事</strong></P><P>　　社区党委组织<b>党员志愿者</b>成立服务队，帮助老人解决就医难题，得到居民好评。社区书记李冮说。</P>
</founder-content></div><div class="footer">版权所有 某地日报社</div></body></html>"""


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("gb2312", "gb18030"), ("gbk", "gb18030"), ("utf-8", "utf-8"), ("utf-8", "utf-8-sig")],
)
def test_a_saved_page_gives_headline_and_paragraphs_in_any_encoding(tmp_path, charset, encoding):
    data = WEB_PAGE.format(charset=charset).encode(encoding)
    (tmp_path / "a.htm").write_bytes(data)
    page = read_page("a.htm", str(tmp_path / "a.htm"))
    assert isinstance(page, Page)
    assert (page.encoding, page.sha256) == ("html", sha256(data))
    lines = page.text.split("\n\n")
    assert "# 青杨社区办好民生小事" in lines
    assert "——记青杨社区党委" in lines
    assert (
        lines[-1]
        == "社区党委组织党员志愿者成立服务队，帮助老人解决就医难题，得到居民好评。社区书记李冮说。"
    )
    assert "第01版 要闻" not in lines
    assert "脚本" not in page.text
    assert "color" not in page.text


def test_the_headline_is_put_before_a_text_that_lacks_it(monkeypatch):
    monkeypatch.setattr(html_pages, "_main_lines", lambda _: ["正文" * 60])
    assert html_text(WEB_PAGE.format(charset="utf-8").encode()).startswith(
        "# 青杨社区办好民生小事\n\n正文"
    )


@pytest.mark.parametrize("found", [[], ["版权所有"]])
def test_where_the_extractor_finds_next_to_nothing_all_visible_text_is_taken(monkeypatch, found):
    monkeypatch.setattr(html_pages, "_main_lines", lambda _: found)
    lines = html_text(WEB_PAGE.format(charset="utf-8").encode()).split("\n\n")
    assert lines[:3] == ["第01版 要闻", "第02版 综合", "# 青杨社区办好民生小事"]
    assert lines[-1] == "版权所有 某地日报社"
    assert "社区党委组织党员志愿者成立服务队" in lines[-2]


def test_headings_inside_an_article_do_not_begin_another():
    body = "".join(f"<h2>小标题{i}</h2><p>{'社区里的事情说起来也不少。' * 9}</p>" for i in range(3))
    text = html_text(
        f"<html><title>大标题在这里</title><body><h1>大标题在这里</h1>{body}</body></html>".encode()
    )
    assert [line for line in text.split("\n\n") if line.startswith("#")] == [
        "# 大标题在这里", "### 小标题0", "### 小标题1", "### 小标题2",
    ]  # fmt: skip


def test_an_extractor_that_fails_is_no_failure_of_the_page(monkeypatch):
    def broken(*_args, **_options):
        raise KeyError

    monkeypatch.setattr("trafilatura.extract", broken)
    assert "社区党委组织" in html_text(WEB_PAGE.format(charset="utf-8").encode())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b" \n", "is empty"),
        (b"<html><body><script>x</script><img src=a></body></html>", "shows no text"),
        (b'<meta charset="nonsense">' + "中文".encode("gb18030"), "unknown encoding"),
        (b'<meta charset="utf-8">' + "中文网页" .encode("gb18030") * 9, "not in the encoding"),
        (b"<p>" + "甲".encode() * 1000, "larger than"),
    ],
)  # fmt: skip
def test_says_why_a_web_page_has_no_text(tmp_path, monkeypatch, data, reason):
    monkeypatch.setattr(html_pages, "MAX_HTML_BYTES", 2 << 10)
    (tmp_path / "a.html").write_bytes(data)
    failure = read_page("a.html", str(tmp_path / "a.html"))
    assert isinstance(failure, Failure)
    assert reason in failure.error


def test_a_few_broken_bytes_do_not_cost_the_page():
    data = (
        WEB_PAGE.format(charset="gbk").encode("gb18030").replace("敲门".encode("gbk"), b"\xff\xff")
    )
    assert "行动" in decode_html(data)


def test_pages_nested_too_deep_or_too_large_still_give_text():
    deep = "<div>" * 5000 + "深处的字" + "</div>" * 5000
    assert "浅处的字" in html_text(f"<html><body><p>浅处的字</p>{deep}</body></html>".encode())
    many = "<p>好</p>" * 60_000
    assert html_text(f"<html><body>{many}</body></html>".encode()).count("好") == 60_000


def test_a_folder_gives_its_pdf_and_web_pages_but_not_the_parts_of_saved_ones(tmp_path):
    for name in ("a.pdf", "b.html", "c.HTM", "b_files/frame.html", "b_files/note.txt", "d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    names = [name for name, _ in find_pages([str(tmp_path)])]
    assert names == ["a.pdf", "b.html", "b_files/note.txt", "c.HTM"]


@pytest.mark.parametrize(
    ("module", "name", "extra"),
    [("pypdfium2", "a.pdf", "banmian[pdf]"), ("trafilatura", "a.html", "banmian[html]")],
)
def test_without_the_extra_the_failure_names_it(tmp_path, monkeypatch, module, name, extra):
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / name).write_bytes(b"%PDF-1.4" if "pdf" in name else b"<html>")
    failure = read_page(name, str(tmp_path / name))
    assert isinstance(failure, Failure)
    assert extra in failure.error


@pytest.mark.parametrize("kind", ["pdf", "html"])
def test_standard_input_may_be_a_pdf_or_a_web_page(kind):
    data = make_pdf(two_columns) if kind == "pdf" else WEB_PAGE.format(charset="utf-8").encode()
    result = CliRunner().invoke(app, ["clean", "-", "--format", "jsonl"], input=data)
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows[-1]["encoding"] == kind


def test_a_folder_with_a_scan_among_its_pages_goes_on(tmp_path):
    Path(tmp_path / "a.pdf").write_bytes(make_pdf(scan))
    Path(tmp_path / "b.pdf").write_bytes(make_pdf(two_columns))
    result = CliRunner().invoke(app, ["clean", str(tmp_path)])
    assert result.exit_code == 3
    assert HEADLINE in result.stdout
    assert "a.pdf: has no text layer" in result.stderr
