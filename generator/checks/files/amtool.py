"""Alertmanager's own checker over its configuration; what it says is put in terms of the policy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER, shown, template_of
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import Finding, Question
from generator.checks.files import inputs
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Place
from generator.system import programs
from generator.system.programs import Command
from generator.upstream.alertmanager.match import every_node
from generator.upstream.features import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import Plan
    from generator.system.programs import Program, Result

AMT601 = Code(
    name="AMT601",
    title="Route names an undefined receiver",
    meaning="Alertmanager does not load a route to a receiver that is not defined. Compare your template with "
    "the packaged one.",
)

AMT602 = Code(
    name="AMT602",
    title="Receiver is defined twice",
    meaning="Alertmanager requires different names for receivers. Compare your template with the packaged one.",
)

AMT603 = Code(
    name="AMT603",
    title="Time interval is missing or defined twice",
    meaning="Alertmanager loads each time interval once, and only routes whose intervals exist. Compare your "
    "template with the packaged one.",
)

AMT604 = Code(
    name="AMT604",
    title="Alertmanager refuses its configuration",
    meaning="Alertmanager does not load the line that is shown. Compare your template with the packaged one.",
)

AMT605 = Code(
    name="AMT605",
    title="Syntax error in a message template",
    meaning="A template file of Alertmanager is not a valid Go template. Correct it at the place that is shown.",
)

AMT699 = Code(
    name="AMT699",
    title="Unrecognised complaint of amtool",
    meaning="amtool reports something that alertc does not recognise; its own words are shown.",
)


def program(plan: Plan) -> Program:
    """Return the amtool that judges the files: one that knows what the declared Alertmanager does, if there is one."""
    return programs.at_least(programs.checker("amtool"), plan.policy.stack.alertmanager.version)


def ask(verification: Verification) -> Question:
    """AMT601 to AMT699: `amtool check-config` rejects `alertmanager.yml` or a template file."""
    amtool = program(verification.plan)
    read = (ALERTMANAGER, *(f"alertmanager/{pattern}" for pattern in template_patterns(verification)))
    digest, size = inputs.measured(verification.folder, read)
    argv = (amtool.path, "check-config", ALERTMANAGER)
    command = Command(argv=argv, cwd=verification.folder, size=size, inputs=digest)
    return Question(commands=(command,), judge=lambda results: _judge(verification, results[0]))


def _judge(verification: Verification, result: Result) -> Iterator[Finding]:
    if result.code == 0:
        # Exit code 0 alone proves nothing: it must have seen what we wrote.
        match = _CHECKED.match(result.stdout)
        if match is None or int(match[1]) != len(verification.behaviour.receivers):
            raise programs.untrusted("amtool check-config", result)
        return
    if result.code < 0 or not _FAILED.search(result.stdout):
        raise programs.untrusted("amtool check-config", result)
    complaints = [part.strip() for part in _FAILED.split(result.stdout)[1:]]
    for complaint in complaints:
        yield from _explained(verification, programs.excerpt(complaint))


_CHECKED = re.compile(
    rf"Checking '{ALERTMANAGER}'  SUCCESS\n(?:.*\n)*? - (\d+) receivers\n(?:.*\n)*?  SUCCESS$", re.MULTILINE
)
_FAILED = re.compile(r"^(?:Checking '.*')?  FAILED: ", re.MULTILINE)
_RECEIVER = re.compile(r'undefined receiver "(.*)" used in route')
_TWICE = re.compile(r'notification config name "(.*)" is not unique')
_INTERVAL = re.compile(r'undefined (?:mute )?time interval "(.*)" used in route')
_INTERVAL_TWICE = re.compile(r'(?:mute )?time interval "(.*)" is not unique')
_LINE = re.compile(r"line (\d+): ([^\n]*)")
_TEMPLATE = re.compile(r"template: (\S+?):(\d+)(?::(\d+))?: (.*)", re.DOTALL)


def _explained(verification: Verification, complaint: str) -> Iterator[Finding]:
    behaviour = verification.behaviour
    nodes = tuple(every_node(behaviour.root))
    if match := _RECEIVER.fullmatch(complaint):
        message = f"a route sends to `{match[1]}`, which is not a receiver"
        where = next((node.where for node in nodes if node.receiver == match[1]), ())
        yield _finding(verification, complaint, AMT601.name, message, (*where, "receiver"))
    elif match := _TWICE.fullmatch(complaint):
        same = [receiver.where for receiver in behaviour.receivers if receiver.name == match[1]]
        yield _finding(verification, complaint, AMT602.name, f"the receiver `{match[1]}` is defined twice", _last(same))
    elif match := _INTERVAL.fullmatch(complaint):
        users = (node.where for node in nodes if match[1] in (*node.active, *node.mute))
        message = f"a route is active in `{match[1]}`, which is not a time interval"
        yield _finding(verification, complaint, AMT603.name, message, next(users, ()))
    elif match := _INTERVAL_TWICE.fullmatch(complaint):
        message = f"the time interval `{match[1]}` is defined twice"
        defined = behaviour.time_intervals.get(match[1])
        yield _finding(verification, complaint, AMT603.name, message, defined.where if defined else ())
    elif match := _TEMPLATE.search(complaint):
        yield _bad_template(verification, complaint, match)
    elif lines := _LINE.findall(complaint):
        for number, problem in lines:
            yield _unloadable(verification, complaint, int(number), problem)
    else:
        yield _finding(verification, complaint, AMT699.name, "Alertmanager does not load its configuration", ())


def _last(places: list[EntryPath]) -> EntryPath:
    return places[-1] if places else ()


def _finding(verification: Verification, complaint: str, code: str, message: str, where: EntryPath) -> Finding:
    route = policy_route(verification.plan, verification.documents, ALERTMANAGER, where)
    diagnostic = Diagnostic(
        code=code,
        message=message,
        route=route,
        notes=(f"amtool: {complaint}",),
        help="compare your template with the packaged one",
    )
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=where)


def _unloadable(verification: Verification, complaint: str, line: int, problem: str) -> Finding:
    return Finding(
        diagnostic=Diagnostic(
            code=AMT604.name,
            message=f"Alertmanager does not load its configuration: {problem}",
            place=template_of(ALERTMANAGER),
            artifact=Place(path=shown(ALERTMANAGER), line=line),
            notes=(f"amtool: {complaint}",),
            help=_newer(verification) or "compare your template with the packaged one",
        )
    )


def _newer(verification: Verification) -> str:
    """Return what to do where amtool is older than the Alertmanager of the policy, whose settings it may not know."""
    amtool, declared = program(verification.plan), verification.plan.policy.stack.alertmanager.version
    if not programs.is_older(amtool, declared):
        return ""
    older = f"amtool {amtool.version_text} is older than the Alertmanager {written(declared)} of the policy: "
    named = "unset ALERTC_AMTOOL and ALERTC_GENERATION, or name a newer one there"
    return older + (named if amtool.named else "run `alertc tools --fetch`, which fetches a newer one beside it")


def _bad_template(verification: Verification, complaint: str, match: re.Match[str]) -> Finding:
    path = template_file(verification, match[1])
    return Finding(
        diagnostic=Diagnostic(
            code=AMT605.name,
            message=f"a message template is not a Go template: {match[4].strip()}",
            place=template_of(path),
            artifact=Place(path=shown(path), line=int(match[2])),
            notes=(f"amtool: {complaint}",),
            help="an alert whose message fails is never delivered",
        )
    )


def template_patterns(verification: Verification) -> tuple[str, ...]:
    """Return the patterns of template files, relative to the folder of the configuration."""
    return tuple(verification.documents[ALERTMANAGER].get("templates") or ())


def template_file(verification: Verification, name: str) -> str:
    """Return the artifact with a base name, which is all that Go reports."""
    files = tuple(verification.texts("alertmanager/templates/"))
    return next((path for path in files if path.endswith(f"/{name}")), f"alertmanager/templates/{name}")
