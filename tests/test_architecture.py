"""The house, as rules that run: who imports whom, how large things grow, what stands in the README."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("cnnzoo", "search_spaces", "studies", "analysis")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
STUDIES = sorted(path for path in (ROOT / "studies").glob("*.py") if path.name not in ("__init__.py", "__main__.py"))
OUTSIDE = {  # what a room may not know of
    "cnnzoo": {"ray", "optuna", "mlflow", "pandas", "studies", "search_spaces", "analysis"},
    "search_spaces": {"ray", "mlflow", "torch", "pandas", "cnnzoo", "studies", "analysis"},
    "studies": {"analysis", "pandas"},
    "analysis": {"ray", "torch", "torchvision", "search_spaces", "optuna"},
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_imports_run_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    assert not {module.split(".")[0] for module in imports(path)} & OUTSIDE[room]


@pytest.mark.parametrize("path", [path for path in FILES if path.is_relative_to(ROOT / "analysis")], ids=named)
def test_the_analysis_knows_of_the_rest_its_names_only(path: Path) -> None:
    known = {"studies.engine", "studies.engine.schema", "cnnzoo.mistake"}
    ours = {module for module in imports(path) if module.startswith(("studies", "cnnzoo"))}
    assert {module for module in ours if not module.startswith("studies.engine.declared.")} <= known


def test_no_torch_behind_the_analysis() -> None:
    code = (
        "import sys, studies.engine.declared.claims, studies.engine.declared.power, cnnzoo.mistake; "
        "assert not {'torch', 'ray', 'optuna'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_nothing_of_the_driver_in_a_worker() -> None:
    """Optuna and scipy.stats alone would take seconds of every worker's start."""
    code = "import sys, studies.engine.actor; assert not {'optuna', 'scipy.stats', 'mlflow', 'sqlalchemy'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 250


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_function_fits_a_screen(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 50, f"{node.name} is too long"


@pytest.mark.parametrize("path", STUDIES, ids=named)
def test_a_study_is_a_declaration(path: Path) -> None:
    """At most 40 lines: a docstring, imports, STUDY = Study(...), and main(STUDY)."""
    assert len(path.read_text().splitlines()) <= 40
    docstring, *body, last = ast.parse(path.read_text()).body
    assert isinstance(docstring, ast.Expr)
    assert isinstance(last, ast.If)
    assert all(isinstance(node, ast.ImportFrom | ast.Assign) for node in body)


@pytest.mark.parametrize("path", [*(ROOT / "studies").glob("*.py"), *(ROOT / "analysis").glob("*.py")], ids=named)
def test_no_file_hides_a_standard_module(path: Path) -> None:
    """`python studies/x.py` puts studies/ first on sys.path."""
    assert path.stem not in sys.stdlib_module_names


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nothing_is_unpickled(path: Path) -> None:
    text = path.read_text()
    assert "weights_only=False" not in text
    assert "pickle.load" not in text
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func) == "torch.load"
        ):
            assert any(keyword.arg == "weights_only" for keyword in node.keywords)
