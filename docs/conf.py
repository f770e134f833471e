"""The settings of the documentation site: `make docs` builds it, and treats a warning as an error.

Pages are the Markdown files here; the reference comes from docstrings, from the commands of the
command line, and from the table of file formats.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "wordkin"
html_title = "wordkin"
language = "en"
smartquotes_action = "qe"  # no dashes: "--" is the beginning of an option
_ALIASES = (
    *("Answer", "Array", "Bools", "Callback", "Clock", "Float32", "Float64", "History", "Indices"),
    *("Int32", "Int64", "Numbers", "PairObjective", "Rows", "Say", "Size", "StrPath", "Text"),
    *("Vector", "Within", "WordOrVector"),
)
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "extensions.generated",
    "extensions.mathml",
    "extensions.offline",
]
exclude_patterns = ["gallery"]

# Markdown: formulas between dollar signs, and an anchor for each heading down to the third level.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

# Docstrings: NumPy's style, where `name` in single backticks is a link if the site has the name.
default_role = "py:obj"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_use_param = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_type_aliases = {
    **{name: name for name in _ALIASES},
    "npt.ArrayLike": "ArrayLike",
}
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
pygments_dark_style = "github-dark"
html_static_path = ["style"]
html_css_files = ["wordkin.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_copyright = False
