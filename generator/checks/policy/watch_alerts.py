"""Checks what the policy says of the alerts by which the alerting watches itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.suggest import did_you_mean
from generator.plan import watch
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy, WatchAlert

POL265 = Code(
    name="POL265",
    title="Unknown alert of `watch`",
    meaning="`watch.alerts` changes alerts that alertc has itself; this is none of them. Correct the name, or write an "
    "alert of your own under `alerts`.",
)

POL266 = Code(
    name="POL266",
    title="Alert of `watch` cannot be changed so",
    meaning="An alert by which the alerting watches itself is `off`, or it is changed. `more_than` is for those that "
    "count failures, and none may wait longer than half an hour: all that time the alerting would be blind.",
)

LONGEST = timedelta(minutes=30)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL265: there is no such alert. POL266: it cannot be changed so."""
    known = watch.known()
    for name, own in policy.watch.alerts.items():
        if name not in known:
            near = did_you_mean(name, known)
            yield Diagnostic(
                code=POL265.name,
                message=f"alertc has no alert `{name}` that watches the alerting",
                route=("watch", "alerts", name),
                on_key=True,
                help=f"did you mean `{near}`?" if near else f"known: {', '.join(f'`{one}`' for one in known)}",
            )
            continue
        yield from _unfit(name, own, counts="$more_than" in known[name]["expr"])


def _unfit(name: str, own: WatchAlert, *, counts: bool) -> Iterator[Diagnostic]:
    written = {
        "for": own.hold,
        "severity": own.severity,
        "more_than": own.more_than,
        "notify": own.notify.always or own.notify.by,
    }
    if own.off is not None:
        for key in (key for key, value in written.items() if value is not None and value != {}):
            yield _finding(name, key, f"{name} is off, and has `{key}`", f"remove `{key}`, or `off`")
        return
    if own.more_than is not None and not counts:
        yield _finding(name, "more_than", f"{name} counts no failures", "remove `more_than`")
    if own.hold and own.hold > LONGEST:
        message = f"{name} would wait for {duration.write(own.hold)}, and the alerting would be blind all that time"
        yield _finding(name, "for", message, f"write at most `for: {duration.write(LONGEST)}`")


def _finding(name: str, key: str, message: str, help: str) -> Diagnostic:
    return Diagnostic(
        code=POL266.name, message=message, route=("watch", "alerts", name, key), on_key=key != "for", help=help
    )
