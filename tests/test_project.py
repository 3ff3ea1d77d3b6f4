"""project.yml, and what the README says of it."""

import subprocess
import sys

MARK = "<!-- WEASEL: AUTO-GENERATED DOCS {} (do not remove) -->"


def test_the_readme_lists_the_commands_of_today(root):
    """Renew it with `python -m spacy project document . --no-emoji --output README.md`."""
    command = [sys.executable, "-m", "spacy", "project", "document", str(root), "--no-emoji"]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    readme = (root / "README.md").read_text(encoding="utf-8")
    begin, end = MARK.format("START"), MARK.format("END")
    part = readme[readme.index(begin) : readme.index(end)]
    assert part.split() == printed[printed.index(begin) : printed.index(end)].split()
    assert "| `dev` |" in part
