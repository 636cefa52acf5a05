"""The documentation as a site: `make docs` builds it into site/; any warning is an error."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from computed import filled  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402

project = "cnn-studies"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["pictures/*.md"]
html_theme = "furo"
html_title = "cnn-studies"
html_copy_source = html_show_copyright = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
maximum_signature_line_length = 90
myst_heading_anchors = 3
myst_links_external_new_tab = False
toc_object_entries = False
suppress_warnings = ["myst.header", "toc.not_included"]  # the tables in results/ are parts of a page


def setup(app: Sphinx) -> None:
    app.connect("source-read", _fill)


def _fill(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = filled(source[0])
