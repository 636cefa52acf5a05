"""The code that a study trains with: what the nodes of a cluster are sent, so that they need only the libraries."""

import sys
from pathlib import Path

import cnnzoo
import search_spaces
import studies
from studies.engine.study.study import Study

OURS = (cnnzoo, search_spaces, studies)


def code_of(study: Study, source: Path) -> list[str]:
    """Our packages, and what the study's own functions have imported from beside its file."""
    for name in study.arms:
        study.recipe(name, "report").sources()  # imports the files of its own functions
    folder = source.parent if source.is_file() else source
    beside = [folder / name for name in {name.partition(".")[0] for name in sys.modules}]
    own = [path for path in beside if (path / "__init__.py").is_file()]
    own += [file for path in beside if (file := path.with_name(f"{path.name}.py")).is_file()]
    return sorted({str(Path(package.__path__[0])) for package in OURS} | {str(path) for path in own})
