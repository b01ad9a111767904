"""A console for functions that print."""

import io

from rich.console import Console


class Paper(Console):
    """A console of 120 columns that keeps its text."""

    def __init__(self) -> None:
        super().__init__(file=io.StringIO(), width=120, emoji=False)

    @property
    def text(self) -> str:
        """Everything that was printed."""
        assert isinstance(self.file, io.StringIO)
        return self.file.getvalue()

    @property
    def words(self) -> str:
        """The same without line breaks and indents."""
        return " ".join(self.text.split())
