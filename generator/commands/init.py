"""`alertc init`: write a small policy to begin with."""

from __future__ import annotations

from pathlib import Path

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, EnvironmentProblem, Place, PolicyErrors
from generator.policy.source import refuse_astray

SRC116 = Code(
    name="SRC116",
    title="A policy exists already",
    meaning="`alertc init` overwrites nothing. Edit the policy that exists, or move it away first.",
)

POLICY = Path("policy/policy.yaml")


def init() -> tuple[str, ...]:
    """Write the starter policy and return what to do next, line by line.

    Raises PolicyErrors where there is a policy.
    """
    refuse_astray(POLICY.parent)
    present = sorted(path for path in POLICY.parent.glob("*") if path.suffix in (".yaml", ".yml"))
    if present:
        raise _refused(present[0])
    try:
        POLICY.parent.mkdir(parents=True, exist_ok=True)
        # "x": what appeared in between is not overwritten either.
        with POLICY.open("x", encoding="utf-8", newline="\n") as file:
            file.write(starter().read_text(encoding="utf-8"))
    except FileExistsError:
        raise _refused(POLICY if POLICY.exists() else POLICY.parent) from None
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot write {POLICY}: {error.strerror}", "check the permissions of this folder"
        ) from error
    return (
        f"wrote {POLICY}: a policy that compiles as it is",
        "next: replace what is marked REPLACE, then run `alertc render` and read what it wrote into out/",
    )


def starter() -> Path:
    """Return the path of the starter policy that comes with alertc."""
    return Path(__file__).parent / "starter" / "policy.yaml"


def _refused(present: Path) -> PolicyErrors:
    return PolicyErrors(
        Diagnostic(
            code=SRC116.name,
            message=f"{present} already exists; nothing was written",
            place=Place(path=present.as_posix()),
            help="continue with it (`alertc render`), or run `alertc init` in another folder",
        )
    )
