"""Line numbers of tables and keys in a TOML text. The standard library's parser gives none."""

import re

TABLE = re.compile(r"^\s*\[(\[)?\s*([\w\-\".]+)\s*\]")


class TomlLines:
    """Lines of a text, found by the n-th table of a name and a key in it."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._tables: dict[str, list[int]] = {}
        for number, line in enumerate(self._lines, 1):
            if header := TABLE.match(line):
                self._tables.setdefault(header.group(2).strip('"'), []).append(number)

    def find(self, table: str, index: int = 0, key: str = "") -> int:
        """Return the line of a key; of its table if the key is missing; 1 if the table is too."""
        starts = self._tables.get(table, [])
        first = starts[index] if index < len(starts) else 0
        if not first:
            return self._find_key(key, 1, len(self._lines)) or 1
        # A table inside this one, such as [target.model_map], still belongs to it.
        ends = (
            start
            for name, others in self._tables.items()
            if not name.startswith(f"{table}.")
            for start in others
            if start > first
        )
        last = min(ends, default=len(self._lines) + 1) - 1
        return (
            self._find_inner_table(f"{table}.{key}", first, last)
            or self._find_key(key, first + 1, last)
            or first
        )

    def _find_inner_table(self, table: str, first: int, last: int) -> int | None:
        starts = self._tables.get(table, [])
        return next((number for number in starts if first <= number <= last), None)

    def _find_key(self, key: str, first: int, last: int) -> int | None:
        if not key:
            return None
        pattern = re.compile(rf"^\s*[\[\"']*{re.escape(key)}[\"'\]]*\s*([=.\[]|$)")
        numbers = range(first, last + 1)
        return next((each for each in numbers if pattern.match(self._lines[each - 1])), None)
