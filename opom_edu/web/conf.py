"""How Sphinx binds the book; see book.py."""

project = "opom_edu"
html_title = "opom_edu: one person, one mask"
author = "the opom_edu team"
extensions = ["myst_nb"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, str] = {}  # figures need no widget manager, which would come from another server
nb_merge_streams = True
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header"]
html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}
mathjax_path = "tex-svg.js"
html_show_sourcelink = False
exclude_patterns = ["_build", "_trees", "jupyter_execute"]
html_theme_options = {
    "repository_url": "https://github.com/opom-edu/opom_edu",
    "path_to_docs": "notebooks",
    "use_repository_button": True,
    "use_download_button": True,
    "launch_buttons": {
        "binderhub_url": "https://mybinder.org",
        "colab_url": "https://colab.research.google.com",
        "notebook_interface": "jupyterlab",
    },
    "home_page_in_toc": True,
    "extra_footer": '<a href="../index.html">The labs of this site</a>',
}
