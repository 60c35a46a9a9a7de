"""The site of the documentation: ``make docs`` writes it to build/site, and fails where anything is wrong.

Its source is the whole repository, since pages link to README.md, to examples/ and to files that they speak
of; what becomes a page is in ``include_patterns``. So Sphinx is called as ``sphinx-build -c docs . FOLDER``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from snakebatch.version import VERSION  # noqa: E402  it is found once the path is set

project = "SnakeBatch"
release = VERSION
copyright = "the authors of SnakeBatch, MIT licence"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.githubpages", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "examples/**", "snakebatch/data/README.md"]
# docs/README.md is what a folder of a repository shows; docs/index.md takes its text. No page is in the
# others, most of the files where somebody works: Sphinx would walk through every environment, twice.
_WITHOUT_PAGES = [".*", "*.egg-info", "build", "dist", "out", "tests", "**/__pycache__", "**/node_modules"]
exclude_patterns = ["docs/README.md", *_WITHOUT_PAGES]

# Markdown stays as it is read without a site: headings are anchors, fences are plain, quotes stay
# straight.
myst_heading_anchors = 4
# README places a picture by a tag, since Markdown has no word for where: else its file would not come along.
myst_enable_extensions = ["html_image"]
highlight_language = "text"
smartquotes_action = "D"
# Notebooks are shown as examples/ has them: its tests execute them.
nb_execution_mode = "off"

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
maximum_signature_line_length = 80
napoleon_google_docstring = False

# Whatever a signature or a text names has to be there.
nitpicky = True
nitpick_ignore_regex = [
    # Documented by Python, NumPy, matplotlib and boto3's stubs, whose indexes are on the network only.
    ("py:class", r"(collections\.abc|pathlib|types)\.\w+"),
    ("py:class", r"numpy\.[\w.]+|np\.float64|NDArray|Axes|S3Client|SFNClient"),
]

html_theme = "furo"
html_title = f"SnakeBatch {VERSION}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Refuse another source than the repository, and lead the site's address to its front page."""
    if Path(app.srcdir) != ROOT:
        raise ConfigError(
            f"the source is {ROOT}, not {app.srcdir}: run `make docs`, or tools/make-docs FOLDER"
        )
    app.connect("build-finished", _front)


def _front(app: Sphinx, failed: Exception | None) -> None:
    if failed is None and app.builder.name == "html":
        page = f"{app.config.root_doc}.html"
        text = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>SnakeBatch</title>'
            f'<meta http-equiv="refresh" content="0; url={page}"><a href="{page}">SnakeBatch</a></html>\n'
        )
        (Path(app.outdir) / "index.html").write_text(text, encoding="utf-8")
