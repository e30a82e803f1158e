"""What a code of a diagnostic stands for. Imports nothing of the project."""

from __future__ import annotations

from typing import NamedTuple


# Every run makes this class, and few look into it: a frozen dataclass would cost six times as much.
class Code(NamedTuple):
    """A code with a `title` of a few words, and in `meaning` what it stands for, why, and what to do.

    It is a constant of its own name in the module that says it, or in `x_codes.py` beside a large module `x.py`. Codes
    outlive wording and are never reused: a retired one stays unused.

    The hundreds are the stages: SRC1 reading, POL2 the policy alone, SLA2 its promises, REF3 names, TPL4 templates,
    CAL5, SCH5, VER5 and RUL5 what the calendar, the schedules and the stack allow, 6 what was seen in the generated
    files and of their tests, PQL7 expressions, LIV8 what runs elsewhere, DRL8 what a drill showed, DIF8 what differs
    from an older policy, and OUT7 what is in the way of replacing `out/`.

    `bad` and `good` are parts of an alert that is and is not found; tests compile them.
    """

    name: str
    title: str
    meaning: str
    bad: str = ""
    good: str = ""
