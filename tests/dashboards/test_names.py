"""Names: of labs, families, listings and countries, by the slug or code that programs use."""

import pytest

from dashboards.names import NO_NAMES, Names

NAMES = Names(
    [
        ("author", "alibaba", "Alibaba", None),
        ("author", "qwen", "Alibaba", None),
        ("author", "z-ai", "Z.ai", None),
        ("family", "z-ai/glm", "GLM", "Z.ai"),
        ("listing", "z-ai/glm", "GLM 0731", None),
    ]
)


@pytest.mark.parametrize(
    ("slug", "name", "full", "with_slug"),
    [
        ("z-ai", "Z.ai", "Z.ai", "Z.ai (z-ai)"),
        ("z-ai/glm", "GLM", "GLM (Z.ai)", "GLM (z-ai/glm)"),
        ("CN", "China", "China", "China (CN)"),
        # Without a name, the slug is all that there is.
        ("new/model", "new/model", "new/model", "new/model"),
        ("unknown", "unknown", "unknown", "unknown"),
        # Two labs of one name differ by their slugs.
        ("qwen", "Alibaba (qwen)", "Alibaba (qwen)", "Alibaba (qwen)"),
    ],
)
def test_a_slug_has_a_name(slug: str, name: str, full: str, with_slug: str) -> None:
    assert (NAMES.name(slug), NAMES.full(slug), NAMES.with_slug(slug)) == (name, full, with_slug)


def test_names_are_equal_by_what_they_say() -> None:
    """A chart that was drawn with them stands for the same names of a new generation."""
    rows = [("author", "z-ai", "Z.ai", None)]
    assert Names(rows) == Names(rows)
    assert hash(Names(rows)) == hash(Names(rows))
    assert Names(rows) != Names([("author", "z-ai", "Zhipu", None)])
    assert Names() == NO_NAMES
    assert NO_NAMES != "no names"
