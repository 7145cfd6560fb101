"""One thing that was looked at on this machine, and what to do about it."""

from dataclasses import dataclass

UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `mend` is what to do where it is not fine."""

    name: str
    is_fine: bool
    text: str
    mend: str = ""
    is_needed: bool = True


def in_bytes(count: float) -> str:
    """So many bytes in the unit that people would take."""
    power = 0
    while count >= 1000 and power < len(UNITS) - 1:
        count, power = count / 1000, power + 1
    return f"{count:.1f} {UNITS[power]}" if power else f"{count:.0f} B"
