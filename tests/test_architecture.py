"""The house, as rules that run: who imports whom, how large things grow, what stands in the README."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
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
ENGINE = ROOT / "studies" / "engine"
ENGINE_ROOMS = ("study", "book", "plan", "search", "run", "mirror", "terminal")  # each knows only those before it
LOADS_TORCH = ROOT / "analysis" / "read" / "kept" / "networks.py"  # inside of functions alone
AT_MOST = 7  # files in a room, besides its __init__
NO_TORCH = (
    "studies.engine.schema",
    "studies.engine.typed",
    "studies.engine.course",
    "studies.engine.study.assertions",
    "studies.engine.study.claims",
    "studies.engine.study.error_budget",
    "studies.engine.plan.power",
    "cnnzoo.storage.files",
    "cnnzoo.storage.own",
    "cnnzoo.mistake",
    "cnnzoo.spelling",
)


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, anywhere in it; of ``from package import module`` it is the module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (module if module in MODULES else node.module for module in modules)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_imports_run_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    assert not {module.split(".")[0] for module in imports(path)} & OUTSIDE[room]


@pytest.mark.parametrize("path", [path for path in FILES if path.is_relative_to(ROOT / "analysis")], ids=named)
def test_the_analysis_knows_of_the_others_only_what_needs_no_torch(path: Path) -> None:
    others = {module for module in imports(path) if module.split(".")[0] in ("cnnzoo", "studies")}
    assert others <= {
        *NO_TORCH,
        "studies.engine",
        *(("cnnzoo.saved", "cnnzoo.structure") if path == LOADS_TORCH else ()),
    }


def test_no_torch_behind_the_analysis() -> None:
    code = f"import sys, {module_of(LOADS_TORCH)}, {', '.join(NO_TORCH)}; assert not {{'torch', 'ray', 'optuna'}} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("room", ENGINE_ROOMS)
def test_a_room_of_the_engine_knows_only_those_below_it(room: str) -> None:
    above = {f"studies.engine.{other}" for other in ENGINE_ROOMS[ENGINE_ROOMS.index(room) + 1 :]}
    known = {module for path in (ENGINE / room).rglob("*.py") for module in imports(path)}
    assert not {module for module in known if ".".join(module.split(".")[:3]) in above}


def test_the_engine_has_these_rooms_and_each_can_be_overlooked() -> None:
    rooms = {path.name: path for path in ENGINE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms.keys() == set(ENGINE_ROOMS)
    for folder in (ENGINE, *rooms.values()):
        assert len(list(folder.glob("*.py"))) - 1 <= AT_MOST, folder


def test_each_room_of_the_zoo_can_be_overlooked() -> None:
    for folder in {path.parent for path in FILES if path.is_relative_to(ROOT / "cnnzoo")}:
        assert len(list(folder.glob("*.py"))) - 1 <= AT_MOST, folder


@pytest.mark.parametrize("room", ROOMS)
def test_no_imports_in_a_circle(room: str) -> None:
    """Those inside of functions and for type checkers count."""
    known = {name: set(imports(path)) & MODULES.keys() for name, path in MODULES.items() if name.split(".")[0] == room}
    TopologicalSorter(known).prepare()


def test_nothing_of_the_driver_in_a_worker() -> None:
    """Optuna and scipy.stats alone would take seconds of every worker's start."""
    code = "import sys, studies.engine.run.on_ray.actor; assert not {'optuna', 'scipy.stats', 'mlflow', 'sqlalchemy'} & sys.modules.keys()"
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
