"""Number formats: one value for the browser, which writes with d3, and for a static file."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

MINUS = "\N{MINUS SIGN}"
# As the field counts tokens: B for 10⁹, where SI writes G.
PREFIXES = "yzafpnµm kMBTPEZY"


@dataclass(frozen=True)
class NumberFormat:
    """A format of d3, with the word for a number that is not known.

    `kind` is d3's type: `%` a share, `f` decimals, `s` an SI prefix, `r` significant digits. Of
    the prefixes, G is written B.
    """

    kind: Literal["%", "f", "s", "r"]
    digits: int = 0
    is_signed: bool = False
    is_trimmed: bool = False
    """True if zeros at the end go."""
    unknown: str = "unknown"

    def d3(self) -> str:
        """Return the format as d3 reads it, for the browser."""
        sign = "+" if self.is_signed else ""
        grouping = "" if self.kind == "s" else ","
        return f"{sign}{grouping}.{self.digits}{'~' if self.is_trimmed else ''}{self.kind}"

    def text(self, value: float | None) -> str:
        """Return a number as a table in the browser writes it."""
        if value is None:
            return self.unknown
        digits, suffix = self._split(abs(value))
        if self.is_trimmed and "." in digits:
            digits = digits.rstrip("0").rstrip(".")
        is_negative = value < 0 and (
            self.is_signed or any(digit in "123456789" for digit in digits)
        )
        sign = MINUS if is_negative else "+" if self.is_signed else ""
        return sign + digits + suffix

    def column(self) -> dict[str, Any]:
        """Return what a column of ag-grid needs to write its numbers in this format."""
        return {
            "valueFormatter": {"function": WRITE_CELL},
            "context": {"d3": self.d3(), "format": asdict(self)},
            "type": "rightAligned",
        }

    @classmethod
    def of_column(cls, definition: dict[str, Any]) -> "NumberFormat | None":
        """Return the format of a column of ag-grid; None for one without a format."""
        context = definition.get("context")
        return cls(**context["format"]) if context else None

    def _split(self, value: float) -> tuple[str, str]:
        """Return the digits of a positive number, and the sign or prefix after them."""
        if self.kind == "%":
            return f"{100 * value:,.{self.digits}f}", "%"
        if self.kind == "f":
            return f"{value:,.{self.digits}f}", ""
        rounded = float(f"{value:.{self.digits}g}")
        power = _power(rounded)
        if self.kind == "r":
            return f"{rounded:,.{max(self.digits - 1 - power, 0)}f}", ""
        thousands = min(max(power // 3, -8), 8)
        decimals = max(self.digits - 1 - (power - 3 * thousands), 0)
        return f"{rounded / 1000**thousands:.{decimals}f}", PREFIXES[thousands + 8].strip()


# One expression for all columns: the format travels beside it as data.
WRITE_CELL = (
    "params.value === null ? params.colDef.context.format.unknown"
    " : d3.format(params.colDef.context.d3)(params.value).replace('G', 'B')"
)

# Formats of axes, which keep the digits that tell one tick from the next: 0.5 %, 1 %, 1.5 %.
AXIS_SHARE = ",.6~p"
AXIS_NUMBER = ",.6~r"
# An axis of tokens: k, M, B and T. A format of d3 would write G.
TOKEN_AXIS = {"exponentformat": "B", "minexponent": 3}
SHARE = NumberFormat("%", 1)
CHANGE = NumberFormat("%", 1, is_signed=True)
COUNT = NumberFormat("f")
AMOUNT = NumberFormat("r", 3, is_trimmed=True)
TOKENS = NumberFormat("s", 3)
SHORT_TOKENS = NumberFormat("s", 3, is_trimmed=True)


def usd(value: float | None) -> str:
    """Return dollars with cents, or below a dollar with three significant digits."""
    if value is None:
        return "unknown"
    return f"${value:,.2f}" if abs(value) >= 1 or value == 0 else f"${value:.3g}"


def _power(value: float) -> int:
    return math.floor(math.log10(value)) if value else 0
