"""Rules of the alerts file that concern several keys or tables; those of one key are its type."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from pipelines.telemetry.config.tier_rules import TierProblem, find_rows

# Who has a budget, besides a service.
SENDERS = ("caller", "team", "key_alias")
# The keys that a kind needs, and those that it may have, besides the keys of all kinds.
OF_RULES = {
    "source_silent": (("sources",), ("hours",)),
    "day_late": ((), ("hours",)),
    "restatement": ((), ("change",)),
    "target_down": ((), ("target", "minutes")),
    "cost_above_market": ((), ("service", "price", "margin")),
    "budget_passed": (("usd", "per"), ("of", "service", *SENDERS)),
    "claim_flipped": ((), ("claim", "basis")),
}
OF_RECEIVERS = {
    "webhook": ((), ("url", "url_variable", "headers")),
    "slack": (("url_variable",), ()),
    "email": (
        ("host", "from", "to"),
        ("port", "security", "user_variable", "password_variable"),
    ),
}
OF_ALL = {"alert": {"name", "kind", "send_to"}, "receiver": {"name", "kind"}}
KINDS: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "alert": OF_RULES,
    "receiver": OF_RECEIVERS,
}


def find_problems(given: Mapping[str, Any]) -> Iterator[TierProblem]:
    """Yield the problems between keys and between tables."""
    for table in ("alert", "receiver", "report"):
        yield from _duplicates(find_rows(given, table), table)
    for table, kinds in KINDS.items():
        for index, row in enumerate(find_rows(given, table)):
            for key, text in _keys_of_kind(table, kinds, row):
                yield TierProblem(table, index, key, text)
    receivers = [row.get("name") for row in find_rows(given, "receiver")]
    for index, row in enumerate(find_rows(given, "alert")):
        for key, text in _rule_problems(row, receivers):
            yield TierProblem("alert", index, key, text)
    for index, row in enumerate(find_rows(given, "receiver")):
        for key, text in _receiver_problems(row):
            yield TierProblem("receiver", index, key, text)


def _duplicates(rows: list[dict[str, Any]], table: str) -> Iterator[TierProblem]:
    seen = set()
    for index, row in enumerate(rows):
        name = row.get("name")
        if isinstance(name, str) and name in seen:
            text = f"{table} {name!r} is there already; give each its own name."
            yield TierProblem(table, index, "name", text)
        seen.add(str(name))


def _keys_of_kind(
    table: str,
    kinds: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]],
    row: Mapping[str, Any],
) -> Iterator[tuple[str, str]]:
    kind = row.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        return
    needed, allowed = kinds[kind]
    for key in needed:
        if key not in row:
            yield "kind", f"{table} of kind {kind} needs {key}."
    # A key that no kind has is reported by the type.
    known = {each for keys in kinds.values() for group in keys for each in group}
    for key in row:
        if key in known and key not in (*needed, *allowed):
            yield key, f"{key} is no key of {table} of kind {kind}; alerts.toml.example shows them."


def _rule_problems(row: Mapping[str, Any], receivers: list[Any]) -> Iterator[tuple[str, str]]:
    named = row.get("send_to")
    for name in named if isinstance(named, list) else []:
        if name not in receivers:
            text = f"alert sends to {name!r}, which is no [[receiver]] of this file; add it."
            yield "send_to", text
    senders = [key for key in SENDERS if key in row]
    if senders and row.get("of") == "market":
        yield "of", f"alert has {senders[0]}, whose budget is of tier or of gateway, not of market."


def _receiver_problems(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if row.get("kind") == "webhook" and ("url" in row) == ("url_variable" in row):
        yield "kind", "receiver of kind webhook needs url or url_variable, and not both."
    if ("user_variable" in row) != ("password_variable" in row):
        yield "kind", "receiver needs user_variable and password_variable together."
    is_plain = row.get("security") == "none" and "password_variable" in row
    if is_plain and not _is_loopback(row.get("host")):
        yield "security", "receiver would send a password unencrypted; use starttls or tls."


def _is_loopback(host: object) -> bool:
    try:
        return host == "localhost" or ip_address(str(host)).is_loopback
    except ValueError:
        return False
