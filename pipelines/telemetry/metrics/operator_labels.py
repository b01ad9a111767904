"""Labels that an operator or a store adds to a server's own: no part of a series' identity.

A pod, a namespace or a pair of Prometheus say where a page was read, not what was counted: the same
counter has them on one way and lacks them on another.
"""

from collections.abc import Mapping

OPERATOR_LABELS = frozenset(
    {
        "job",
        "instance",
        "pod",
        "pod_name",
        "pod_ip",
        "namespace",
        "container",
        "container_name",
        "node",
        "cluster",
        "endpoint",
        "service",
        "prometheus",
        "prometheus_replica",
        "__replica__",
        "receive",
        "tenant_id",
        "uid",
    }
)
# Prometheus renames a label of the page so, where the operator's label has the same name.
EXPORTED = "exported_"


def drop_operator_labels(
    labels: Mapping[str, str], of_target: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the labels of the page itself.

    `of_target` are labels that the store gives to every series of a target, as its `up` shows.
    """
    added = of_target or {}
    own = {
        name: value
        for name, value in labels.items()
        if name not in OPERATOR_LABELS and added.get(name) != value
    }
    renamed = {
        name.removeprefix(EXPORTED): own.pop(name)
        for name in list(own)
        if name.startswith(EXPORTED)
        and (name.removeprefix(EXPORTED) in added or name.removeprefix(EXPORTED) in OPERATOR_LABELS)
    }
    return own | {name: value for name, value in renamed.items() if name not in OPERATOR_LABELS}
