"""The vectors of characters that the network begins with, learned from raw text."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from banmian.cli import app
from banmian.embedding_training import Settings, train_embeddings
from banmian.files import FileError
from banmian.raw_texts import read_texts

SMALL = Settings(size=8, rarest=2, most_pairs=50, epochs=2)
TEXT = "全县上下认真落实各项工作要求，积极推进项目建设，切实保障群众利益，不断提高服务水平。" * 40


def test_texts_are_read_plain_or_packed(tmp_path: Path) -> None:
    row = json.dumps({"title": "报告", "text": "第一段\n第二段"}, ensure_ascii=False) + "\n"
    plain, packed = tmp_path / "a.jsonl", tmp_path / "a.jsonl.xz"
    plain.write_text(row, encoding="utf-8")
    packed.write_bytes(lzma.compress(row.encode()))
    assert list(read_texts(plain)) == list(read_texts(packed)) == ["第一段\n第二段"]


@pytest.mark.parametrize("content", ['{"title": "x"}', "no json", '["text"]'])
def test_another_kind_of_file_is_one_clear_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(FileError, match=r"bad\.jsonl"):
        list(read_texts(file))
    result = CliRunner().invoke(app, ["build", "embeddings", str(file)])
    assert result.exit_code == 1
    assert "bad.jsonl" in result.stderr
    assert "Traceback" not in result.output


def test_vectors_are_learned_and_the_same_again() -> None:
    once, again = (train_embeddings([TEXT], SMALL, seed=3) for _ in range(2))
    assert {"县", "，"} <= set(once.characters)
    assert "项目" in once.pairs
    assert np.array_equal(once.character_vectors, again.character_vectors)
    assert once.character_vectors.std() > 0
