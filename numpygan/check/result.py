"""What a gradient check found, as a table, as HTML and as JSON."""

import math
from dataclasses import asdict, dataclass
from html import escape

from .. import tables
from .verdicts import Check


@dataclass(frozen=True, repr=False)
class Report:
    """What `gradcheck` and `check_game` return; shown as a table.

    checks  a Check for each tensor
    oracle  what they were compared with: "complex", "five-point" or "formula"
    notes   sentences about what was tried, below the table
    """

    checks: tuple[Check, ...]
    oracle: str
    notes: tuple[str, ...] = ()

    @property
    def passed(self):
        """Whether every verdict is "ok"."""
        return all(check.passed for check in self.checks)

    @property
    def failures(self):
        """The Checks whose verdict is not "ok"."""
        return tuple(check for check in self.checks if not check.passed)

    def as_json(self) -> dict:
        """Everything as numbers and text that JSON can hold."""
        checks = [asdict(check) for check in self.checks]
        for check in checks:
            for key, value in check.items():
                if isinstance(value, float) and not math.isfinite(value):
                    check[key] = None
        return {
            "passed": self.passed,
            "oracle": self.oracle,
            "notes": list(self.notes),
            "checks": checks,
        }

    def __str__(self):
        return "\n".join([tables.as_text(*self._cells()), *self.notes, *map(str, self.failures)])

    __repr__ = __str__

    def _repr_html_(self):
        verdict = "every derivative is right" if self.passed else f"{len(self.failures)} not ok"
        failures = "".join(f"<p>{escape(str(failure))}</p>" for failure in self.failures)
        failures += "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return tables.as_html(*self._cells(), caption=f"gradient check: {verdict}") + failures

    def _cells(self):
        rows = [
            [
                c.place,
                c.tensor,
                f"{c.checked} of {c.size}",
                f"{c.error:.1e}",
                f"{c.tolerance:.1e}",
                c.verdict,
            ]
            for c in self.checks
        ]
        return ["place", "tensor", "checked", "error", "allowed", "verdict"], rows
