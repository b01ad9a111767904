"""Jinja templates of a report. They escape every value that is not marked as HTML already."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

ENVIRONMENT = Environment(
    loader=PackageLoader("dashboards.export"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(name: str, **values: Any) -> str:
    """Return a template with these values."""
    return ENVIRONMENT.get_template(name).render(values)


def macro(name: str, *values: Any) -> Markup:
    """Return one of the macros in parts.html with these values."""
    parts = ENVIRONMENT.get_template("parts.html").module
    made: Markup = getattr(parts, name)(*values)
    return made
