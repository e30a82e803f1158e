"""Which amtool judges the files: one that knows what the declared Alertmanager does.

An older one refuses settings that it does not know, such as `msteams_configs` before 0.26; a newer one takes them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.system import programs

if TYPE_CHECKING:
    from generator.plan.plan import Plan
    from generator.system.programs import Program


def judge(plan: Plan) -> Program:
    """Return the amtool to ask: the one in use, or a fetched one where that is older than the declared version.

    Whoever named a program, or a generation, has chosen. Raises EnvironmentProblem where there is none.
    """
    program, declared = programs.checker("amtool"), plan.policy.stack.alertmanager.version
    if program.named or not is_older(program, declared):
        return program
    fitting = (other for other in programs.fetched("amtool") if not is_older(other, declared))
    return min(fitting, key=lambda other: other.version, default=program)


def is_older(program: Program, declared: tuple[int, ...]) -> bool:
    """Return whether a program is of an older version than the declared one, as far as that is written."""
    return program.version[: len(declared)] < declared
