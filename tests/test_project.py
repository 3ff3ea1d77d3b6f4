"""project.yml, and what the README says of it."""

import subprocess
import sys

from weasel.util import load_project_config

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


def test_what_a_command_depends_on_is_there_or_made_by_another(root):
    """Two variables one behind the other in a list come out of weasel as one string."""
    commands = load_project_config(root)["commands"]
    made = {output for command in commands for output in command.get("outputs", [])}
    for command in commands:
        missing = [
            dep for dep in command.get("deps", []) if dep not in made and not (root / dep).exists()
        ]
        assert not missing, command["name"]
