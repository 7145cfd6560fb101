"""Renders values by templates: pages of HTML that escape everything and load nothing, and cards."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from foodcls.export.attribution import markdown_text

FOLDER = Path(__file__).parent / "page"


def render_page(template: str, values: Mapping[str, Any]) -> str:
    """A whole page; all values in HTML are escaped, and a missing one is an error."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["html"]),
        keep_trailing_newline=template.endswith(".md"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"estimate": estimate, "bounds": bounds, "figure": figure, "soft": soft,
                            "markdown": markdown_text}  # fmt: skip
    environment.tests["web"] = is_web
    return environment.get_template(template).render(values)


def is_web(address: str) -> bool:
    """Whether an address may become a link: http and https alone, with a host."""
    try:
        parts = urlsplit(address)
    # e.g. a bracket that is never closed
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def soft(text: str) -> Markup:
    """An escaped name that may wrap after each `_`."""
    # join escapes its parts
    return Markup("_<wbr>").join(text.split("_"))


def figure(value: float | None, digits: int = 2) -> str:
    """A number, or a dash where there is nothing to divide by."""
    return "–" if value is None else f"{value:.{digits}f}"


def estimate(value: Any, digits: int = 3) -> str:
    """An estimate's value."""
    return f"{value.value:.{digits}f}"


def bounds(pair: Any, digits: int = 2) -> str:
    """An interval, of an estimate or a pair, as `0.71 to 0.86`; empty where there is none."""
    if pair is None:
        return ""
    low, high = pair if isinstance(pair, tuple) else (pair.low, pair.high)
    return f"{low:.{digits}f} to {high:.{digits}f}"
