"""The rooms of the analysis: who may import whom, and how many files each holds."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ANALYSIS = Path(__file__).parents[2] / "analysis"
BELOW = {  # what a room may use, apart from itself, the words and the names of the schema
    "read": set(),
    "judge": {"read"},
    "draw": {"read", "judge"},
    "write": {"read", "judge", "draw"},
    "front": {"read", "judge", "draw", "write"},
}
FILES = sorted(path for room in BELOW for path in (ANALYSIS / room).rglob("*.py"))
FOLDERS = sorted({path.parent for path in FILES})


def imported(path: Path) -> Iterator[str]:
    """The modules of the analysis that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("analysis."):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from [name for name in names if _file(name).exists()] or [node.module]


def _file(module: str) -> Path:
    return ANALYSIS.parent / f"{module.replace('.', '/')}.py"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ANALYSIS)))
def test_a_room_uses_those_below_it(path: Path) -> None:
    room = path.relative_to(ANALYSIS).parts[0]
    allowed = {room, *BELOW[room], "words"}
    assert {module.split(".")[1] for module in imported(path)} <= allowed


@pytest.mark.parametrize("folder", [ANALYSIS, *FOLDERS], ids=lambda path: str(path.relative_to(ANALYSIS.parent)))
def test_at_most_seven_files(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= 7
