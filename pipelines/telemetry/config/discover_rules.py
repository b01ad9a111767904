"""Rules between the keys of a `[[discover]]` and of its `[[discover.relabel]]`."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.telemetry.config.patterns import MAX_GROUP, find_fault, parse_template

NEEDS = {
    "http_sd": ("url", "the address of the list"),
    "file_sd": ("file", "the path of the list, such as 'targets/*.json'"),
    "prometheus": ("url", "the address of the Prometheus"),
}
# Keys that only some kinds have.
ONLY_OF = {
    "url": ("http_sd", "prometheus", "kubernetes"),
    "file": ("file_sd",),
    "headers": ("http_sd", "prometheus", "kubernetes"),
    "selector": ("kubernetes",),
    "namespace": ("kubernetes",),
    "token_file": ("kubernetes",),
}
FILE_ENDINGS = (".json", ".yml", ".yaml")
WITH_TARGET_LABEL = ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal")
# Of a page; a command would run here and not beside the target.
PAGE_KINDS = ("npu-exporter", "dcgm", "amd", "trtllm-energy", "tokentide", "kepler")


def discover_problems(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield key and sentence of all that does not go together in one `[[discover]]`."""
    kind = row.get("kind")
    key, what = NEEDS.get(str(kind), ("", ""))
    if key and key not in row:
        yield "kind", f"discover of kind {kind} needs {key}, {what}."
    for key, kinds in ONLY_OF.items():
        if key in row and kind in {*NEEDS, "kubernetes"} and kind not in kinds:
            yield key, f"{key} belongs to discover of kind {' or '.join(kinds)}, not to {kind}."
    yield from _file_problems(str(row.get("file", "")))
    yield from _device_problems(row)
    path = row.get("path")
    if isinstance(path, str) and not path.startswith("/"):
        yield "path", "path of discover should begin with /, such as /metrics."
    rules = row.get("relabel", [])
    for rule in rules if isinstance(rules, list) else []:
        if isinstance(rule, Mapping):
            yield from (("relabel", text) for text in _rule_problems(rule))


def _file_problems(file: str) -> Iterator[tuple[str, str]]:
    if not file:
        return
    if not file.endswith(FILE_ENDINGS):
        yield "file", f"file of discover should end with {', '.join(FILE_ENDINGS)}."
    folder = file.rpartition("/")[0]
    if set("*?[") & set(folder):
        yield "file", "file of discover may have * in its last part only, as in 'targets/*.json'."


def _device_problems(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = row.get("device_kind_of_source")
    if "device_url" in row and kind is None:
        yield "device_url", "device_url needs device_kind_of_source, such as 'dcgm'."
    if "device_match" in row and kind is None:
        yield "device_match", "device_match needs device_kind_of_source, such as 'dcgm'."
    if kind is not None and kind not in PAGE_KINDS:
        yield (
            "device_kind_of_source",
            f"device_kind_of_source should be the kind of a page: {', '.join(PAGE_KINDS)}.",
        )


def _rule_problems(rule: Mapping[str, Any]) -> Iterator[str]:
    action = rule.get("action", "replace")
    if action in WITH_TARGET_LABEL and not rule.get("target_label"):
        yield f"relabel with action {action} needs target_label."
    if action == "hashmod" and "modulus" not in rule:
        yield "relabel with action hashmod needs modulus."
    regex = rule.get("regex", "(.*)")
    if not isinstance(regex, str) or find_fault(regex):
        return  # reported by its type
    for key in ("target_label", "replacement"):
        template = rule.get(key, "")
        if isinstance(template, str) and max(parse_template(template, regex).groups, default=0) > (
            MAX_GROUP
        ):
            yield f"{key} of relabel refers to a group above ${MAX_GROUP}; use fewer groups."
