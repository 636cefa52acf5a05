"""Study files: which there are, and the study that stands in each."""

import ast
import re
import runpy
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Any

from cnnzoo.mistake import BUG, Mistake
from cnnzoo.spelling import unknown
from studies.engine.study.study import Study
from studies.engine.typed import STUDIES


@dataclass(frozen=True)
class StudyFile:
    path: Path
    study: Study
    report: str  # whose question it is: `Report D`, or `Own questions`


def bundled() -> list[Path]:
    """The study files of the platform itself."""
    return sorted(STUDIES.glob("[!_]*.py"))


def find(name: str) -> Path:
    """The file of a study that is given by its name or its file."""
    if name.endswith(".py"):
        if Path(name).is_file():
            return Path(name)
        raise Mistake(f"there is no file {name}.")
    for path in (STUDIES / f"{name}.py", Path(f"{name}.py")):
        if path.is_file():
            return path
    raise unknown("study", name, [path.stem for path in bundled()])


def read(path: Path) -> StudyFile:
    """The study in a file; whatever is wrong with the file is a Mistake."""
    _check_it_can_be_run(path)
    names = execute(path, "a_study")  # any name but __main__: it is only looked at
    study = names.get("STUDY")
    if not isinstance(study, Study):
        raise Mistake(f"{path.name}: there is no STUDY = Study(...) in it.")
    report = re.search(r"\breport ([A-Z])\b", names.get("__doc__") or "")
    return StudyFile(path, study, f"Report {report[1]}" if report else "Own questions")


def execute(path: Path, name: str) -> dict[str, Any]:
    """Run the file as `python FILE` does; what is wrong in it is a Mistake that names the line."""
    if path.parent != STUDIES:
        sys.path.insert(0, str(path.resolve().parent))  # what stands beside it can be imported
    try:
        return runpy.run_path(str(path), run_name=name)
    except Exception as error:  # whatever a file of somebody's own may raise
        if BUG in getattr(error, "__notes__", ()):
            raise
        kind = "" if isinstance(error, Mistake) else f"{type(error).__name__}: "
        lines = [f":{at.lineno}" for at in extract_tb(error.__traceback__) if at.filename == str(path)]
        raise Mistake(f"{path}{''.join(lines[-1:])}: {kind}{' '.join(str(error).split())}") from error


def _check_it_can_be_run(path: Path) -> None:
    """Refuse a file that does nothing when it is run, or that would train when it is only looked at."""
    try:
        body = ast.parse(path.read_bytes()).body
    except SyntaxError as error:
        raise Mistake(f"{path.name}, line {error.lineno}: {error.msg}.") from error
    if any(_starts(node) for node in body):
        raise Mistake(f'{path.name}: main(STUDY) has to stand under `if __name__ == "__main__":`.')
    if not any(_starts(node) for part in body if isinstance(part, ast.If) for node in part.body):
        raise Mistake(f'{path.name} ends without `if __name__ == "__main__": main(STUDY)`, so it does nothing.')


def _starts(node: ast.stmt) -> bool:
    """Whether it is the line `main(STUDY)`."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "main"


def readable(paths: list[Path], problems: list[str]) -> Iterator[StudyFile]:
    """The studies of these files; a file that cannot be read is a line among the problems, and hides no other."""
    names: dict[str, Path] = {}
    for path in paths:
        try:
            found = read(path)
        except Mistake as error:
            problems.append(str(error))
            continue
        if (other := names.setdefault(found.study.name, path)) != path:
            problems.append(
                f"{path.name}: a study of the name {found.study.name!r} stands in {other.name}, too, and their results "
                "would stand in one table; rename one."
            )
        yield found
