"""Headers of targets with their secret values, which come from the environment or `.env`."""

from collections.abc import Mapping

from pipelines.errors import BadSetting
from pipelines.telemetry.config.tier import Tier


def resolve_headers(tier: Tier, variables: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the headers of each target; raise BadSetting with all variables that cannot be used.

    A message names a variable, never its value.
    """
    resolved: dict[str, dict[str, str]] = {}
    problems = []
    for target in tier.targets:
        for header, variable in target.headers.items():
            value = variables.get(variable, "")
            if problem := _problem(value):
                problems.append(f"{variable}, for the header {header} of {target.name}, {problem}.")
            resolved.setdefault(target.name, {})[header] = value
    if problems:
        raise BadSetting("\n".join(problems))
    return resolved


def _problem(value: str) -> str | None:
    if not value:
        return "is not set; put it into the environment or .env"
    if not value.isascii() or not value.isprintable():
        return "holds characters that no header has; copy it again"
    return None
