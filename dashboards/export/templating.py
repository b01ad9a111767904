"""Jinja templates of a report. They escape every value that is not marked as HTML already."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

ENVIRONMENT = Environment(
    loader=PackageLoader("dashboards.export"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _mark_code(text: str) -> Markup:
    """Return a text as HTML, with what stands between backticks as code."""
    parts = text.split("`")
    if len(parts) < 3:
        return escape(text)
    code = Markup("<code>{}</code>")
    return Markup().join(
        code.format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


ENVIRONMENT.filters["code"] = _mark_code


def render(name: str, **values: Any) -> str:
    """Return a template with these values."""
    return ENVIRONMENT.get_template(name).render(values)


def macro(name: str, *values: Any) -> Markup:
    """Return one of the macros in parts.html with these values."""
    parts = ENVIRONMENT.get_template("parts.html").module
    made: Markup = getattr(parts, name)(*values)
    return made
