"""Headers of targets and device sources; values come from the environment or `.env`."""

import re
from collections.abc import Iterator, Mapping

from pipelines.errors import BadSetting
from pipelines.telemetry.config.tier import Tier
from pipelines.telemetry.config.tier_values import is_header_reference

# A name as people give to variables. Anything else may be a secret in the wrong place.
USUAL_NAME = re.compile(r"(?=.{1,64}$)[A-Z][A-Z0-9]{0,23}(_[A-Z0-9]{1,24})*")
MAX_PLAIN = 15  # characters of a name without an underscore


def resolve_headers(tier: Tier, variables: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the headers by name of target, key of device source and of discovery.

    Raise BadSetting with all variables that cannot be used. A message names a variable, never its
    value.
    """
    wanted = [(each.name, each.name, each.headers) for each in tier.targets]
    wanted += [
        (each.key, f"the device source of {each.target}", each.headers)
        for each in tier.device_sources
    ]
    wanted += [(each.key, f"the list {each.name}", each.headers) for each in tier.discovers]
    resolved: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    for key, owner, headers in wanted:
        problems += _problems(headers, owner, variables)
        if headers:
            resolved[key] = {name: variables.get(each, "") for name, each in headers.items()}
    if problems:
        raise BadSetting("\n".join(problems))
    return resolved


def resolve_options(
    given: list[str], variables: Mapping[str, str], owner: str = "--history"
) -> dict[str, str]:
    """Return the headers of options such as `Authorization=PROMETHEUS_AUTHORIZATION`."""
    headers = split_options(given)
    if problems := list(_problems(headers, owner, variables)):
        raise BadSetting("\n".join(problems))
    return {name: variables[variable] for name, variable in headers.items()}


def split_options(given: list[str]) -> dict[str, str]:
    """Return the variable of each header that such options name."""
    pairs = [each.partition("=")[::2] for each in given]
    if not all(is_header_reference(name.strip(), variable.strip()) for name, variable in pairs):
        raise BadSetting(
            "--header needs a header and the environment variable that has its value, such as "
            "Authorization=PROMETHEUS_AUTHORIZATION; a value itself does not belong there."
        )
    return {name.strip(): variable.strip() for name, variable in pairs}


def _problems(
    headers: Mapping[str, str], owner: str, variables: Mapping[str, str]
) -> Iterator[str]:
    for header, variable in headers.items():
        problem = _problem(variables.get(variable, ""))
        if problem and (variable in variables or is_usual_name(variable)):
            yield f"{variable}, for the header {header} of {owner}, {problem}."
        elif problem:
            yield (
                f"The header {header} of {owner} must name the environment variable that has its "
                "value. What stands there is no variable that is set, and is not repeated here: "
                "it may be the value itself."
            )


def is_usual_name(name: str) -> bool:
    """Tell whether a text is a name as people give to variables, and hardly a secret."""
    return bool(USUAL_NAME.fullmatch(name)) and ("_" in name or len(name) <= MAX_PLAIN)


def _problem(value: str) -> str | None:
    if not value:
        return "is not set; put it into the environment or .env"
    if not value.isascii() or not value.isprintable():
        return "holds characters that no header has; copy it again"
    return None
