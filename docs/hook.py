"""Puts the settings of a recipe, as the models have them, into the page that asks for them."""

from typing import Any

from foodcls.recipe.reference import as_markdown, list_sections

PLACE = "<!-- settings -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by mkdocs for each page."""
    if PLACE not in markdown:
        return markdown
    return markdown.replace(PLACE, "\n".join(map(as_markdown, list_sections())))
