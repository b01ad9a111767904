"""Labels of a target on a list, within bounds: a list may come from anybody who can start a pod."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LabelMap = dict[str, str]
MAX_LABELS = 256  # of one target; a pod's labels and annotations take two each
MAX_NAME = 512  # characters; a label of Kubernetes has up to 317, and a prefix
MAX_VALUE = 4_096
MAX_LISTED = 20_000  # targets on one list, before relabelling chooses among them
ADDRESS = "__address__"
SCHEME = "__scheme__"
PATH = "__metrics_path__"
PARAMETER = "__param_"


@dataclass
class LabelSet:
    """The labels of one target, while rules change them. `problem` says which bound they broke."""

    labels: LabelMap
    is_dropped: bool = False
    problem: str = ""

    @property
    def is_alive(self) -> bool:
        """True while rules have to look at it."""
        return not (self.is_dropped or self.problem)

    def get(self, name: str) -> str:
        """Return a value; a label that is not there is empty."""
        return self.labels.get(name, "")

    def set(self, name: str, value: str) -> None:
        """Set a value. An empty one removes the label."""
        if not value:
            self.labels.pop(name, None)
            return
        self.labels[name] = value
        self.problem = self.problem or find_excess(name, value)
        if len(self.labels) > MAX_LABELS:
            self.problem = f"has more than {MAX_LABELS} labels"


def make_label_sets(listed: Iterable[Mapping[str, str]]) -> list[LabelSet]:
    """Make the label sets of a list. Labels with empty values are left out."""
    sets = []
    for labels in listed:
        made = LabelSet({name: value for name, value in labels.items() if value})
        excess = (find_excess(name, value) for name, value in made.labels.items())
        made.problem = next(filter(None, excess), "")
        if len(made.labels) > MAX_LABELS:
            made.problem = f"has more than {MAX_LABELS} labels"
        sets.append(made)
    return sets


def find_excess(name: str, value: str) -> str:
    """Say which bound a label breaks; nothing if it breaks none."""
    if not name or len(name) > MAX_NAME:
        return f"has a label whose name has not 1 to {MAX_NAME} characters"
    if len(value) > MAX_VALUE:
        return f"has a label {name[:40]!r} of more than {MAX_VALUE} characters"
    return ""
