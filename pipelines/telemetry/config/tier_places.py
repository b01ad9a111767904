"""In which line of a TOML text a key stands. The parser of the standard library does not say, so the text is searched."""

import re

TABLE = re.compile(r"^\s*\[(\[)?\s*([\w\-\".]+)\s*\]")


class Places:
    """Finds lines: of the n-th table of a name, and of a key in it."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._tables: dict[str, list[int]] = {}
        for number, line in enumerate(self._lines, 1):
            if header := TABLE.match(line):
                self._tables.setdefault(header.group(2).strip('"'), []).append(number)

    def line(self, table: str, index: int = 0, key: str = "") -> int:
        """The line of the key; of its table where the key is missing; 1 where that is missing too."""
        starts = self._tables.get(table, [])
        first = starts[index] if index < len(starts) else 0
        if not first:
            return self._of_key(key, 1, len(self._lines)) or 1
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
            self._of_inner(f"{table}.{key}", first, last)
            or self._of_key(key, first + 1, last)
            or first
        )

    def _of_inner(self, table: str, first: int, last: int) -> int | None:
        return next(
            (number for number in self._tables.get(table, []) if first <= number <= last), None
        )

    def _of_key(self, key: str, first: int, last: int) -> int | None:
        wanted = re.compile(rf"^\s*[\[\"']*{re.escape(key)}[\"'\]]*\s*([=.\[]|$)")
        return next(
            (
                number
                for number in range(first, last + 1)
                if key and wanted.match(self._lines[number - 1])
            ),
            None,
        )
