"""`alertc verify-live`: compare running servers with the policy and its files."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from generator.commands.analysis import analyse
from generator.commands.project import Outcome, Project, Unknown, texts
from generator.diagnostics import formats
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, EnvironmentProblem, Level, has_errors
from generator.policy.kubernetes import FILES
from generator.remote import servers as live
from generator.remote.servers import premises, servers, sidecars
from generator.remote.servers.deviations import in_a_cluster, listed
from generator.remote.servers.web import Client
from generator.upstream.alertmanager.match import every_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from generator.behaviour.verification import Verification
    from generator.remote.servers.servers import Alertmanager, Prometheus

LIV815 = Code(
    name="LIV815",
    title="Not all servers were checked",
    meaning="The policy has more servers than were named. Name all of them.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The addresses of the servers, the headers of each request, and how many seconds each answer may take."""

    prometheus: tuple[str, ...]
    alertmanagers: tuple[str, ...]
    headers: Mapping[str, str]
    limit: float
    environment: str | None = None
    """The environment of these Prometheus servers, of several; None: the first."""
    kubernetes: bool = False
    """Whether the Prometheus operator gives the servers their files; else the policy's `targets` say so."""


def headers(text: str) -> Mapping[str, str]:
    """Return the headers in lines of the form `Name: value`; raises ValueError, which quotes nothing, on another line.

    Empty lines and those that begin with `#` are skipped.
    """
    by_name: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = _HEADER.fullmatch(line.strip())
        if parts is None:
            raise ValueError(f"line {number} is not a header; write `Authorization: Bearer ...`")
        by_name[parts[1]] = parts[2]
    if not by_name:
        raise ValueError("there is no header in it; write `Authorization: Bearer ...`")
    return by_name


def token(text: str) -> Mapping[str, str]:
    """Return the header that holds a bearer token; raises ValueError, which quotes nothing, where it is malformed."""
    if _TOKEN.fullmatch(text.strip()) is None:
        raise ValueError("a bearer token is one line without spaces")
    return {"Authorization": f"Bearer {text.strip()}"}


_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e][\x20-\x7e]*)")
_TOKEN = re.compile(r"[\x21-\x7e]+")


def verify_live(project: Project, options: Options) -> Outcome:
    """Compare the policy and its files with the servers.

    Raises PolicyErrors where there is no policy to read, Unanswered where it does not compile, Unknown where it writes
    no objects and these are meant, EnvironmentProblem where a server gives no answer.
    """
    analysis = analyse(project, options.environment)
    verification = _as_objects(analysis.files) if options.kubernetes else analysis.files
    prometheus, alertmanagers = _ask(verification, options)
    deviations = (*live.compare(verification, prometheus, alertmanagers), *_not_asked(verification, options))
    return Outcome(
        diagnostics=(*analysis.notes, *formats.place(deviations, analysis.source)),
        sources=texts(project, analysis.source, verification.artifacts),
        lines=tuple(_compared(verification, prometheus, alertmanagers, findings=deviations)),
    )


def _as_objects(verification: Verification) -> Verification:
    """Return the files as objects alone; raises Unknown where the policy writes none."""
    plan = verification.plan
    if plan.policy.targets == (FILES,):
        raise Unknown("the policy has neither the target `kubernetes` nor `helm`: its files are no objects", "", ())
    policy = replace(plan.policy, targets=tuple(name for name in plan.policy.targets if name != FILES))
    return replace(verification, plan=replace(plan, policy=policy))


def _ask(verification: Verification, options: Options) -> tuple[tuple[Prometheus, ...], tuple[Alertmanager, ...]]:
    """Return the answers of all servers; raises EnvironmentProblem that names each server without an answer."""
    metrics = premises.metrics(verification)
    query = sidecars.QUERY if in_a_cluster(verification) else ""

    def client(url: str, program: str) -> Client:
        return Client(url=url, headers=options.headers, limit=options.limit, program=program)

    prometheus, silent = _answered(
        options.prometheus, lambda url: servers.prometheus(client(url, "Prometheus"), metrics, query)
    )
    alertmanagers, more = _answered(
        options.alertmanagers, lambda url: servers.alertmanager(client(url, "Alertmanager"))
    )
    if silent or more:
        # All at once: who is paged at night must not fix one address to hear of the next.
        message = "; ".join(problem.message for problem in (*silent, *more))
        raise EnvironmentProblem(f"{message}: nothing was compared", help=(*silent, *more)[0].help)
    return prometheus, alertmanagers


def _answered(
    urls: Iterable[str], ask: Callable[[str], _Server]
) -> tuple[tuple[_Server, ...], tuple[EnvironmentProblem, ...]]:
    """Return the answers, and the problem of each server that gave none."""
    answers: list[_Server] = []
    silent: list[EnvironmentProblem] = []
    for url in urls:
        try:
            answers.append(ask(url))
        except EnvironmentProblem as unready:  # noqa: PERF203 - each is asked
            silent.append(unready)
    return tuple(answers), tuple(silent)


_Server = TypeVar("_Server")


def _not_asked(verification: Verification, options: Options) -> Iterator[Diagnostic]:
    """LIV815: the policy has more servers than the command line names."""
    stack = verification.plan.stack
    for program, option, count, there, key in (
        ("Prometheus", "--prometheus", len(options.prometheus), stack.replicas, "replicas"),
        ("Alertmanager", "--alertmanager", len(options.alertmanagers), stack.peers, "peers"),
    ):
        if count < there:
            yield Diagnostic(
                code=LIV815.name,
                level=Level.NOTE,
                message=f"of {there} {program} servers, only {count} {'were' if count > 1 else 'was'} asked"
                if count
                else f"no {program} was asked",
                route=("stack", program.lower(), key),
                help=f"name {'each' if there > 1 else 'it'} with {option}: "
                f"what {'the others run' if count else 'it runs'} was not compared",
            )


def _compared(
    verification: Verification,
    prometheus: Sequence[Prometheus],
    alertmanagers: Sequence[Alertmanager],
    *,
    findings: tuple[Diagnostic, ...],
) -> Iterator[str]:
    """Yield lines that say what was compared, and what cannot be compared."""
    behaviour = verification.behaviour
    programs, compared = [], []
    if prometheus:
        programs.append(f"{len(prometheus)} Prometheus ({listed([server.version_text for server in prometheus])})")
        compared += [
            "intervals, time-outs and flags",
            f"{len(behaviour.rules)} rules",
            "labels on the way",
            "Alertmanagers that are sent to",
        ]
    silences = sum(len(server.silences) for server in alertmanagers)
    if alertmanagers:
        programs.append(
            f"{len(alertmanagers)} Alertmanager ({listed([server.version_text for server in alertmanagers])})"
        )
        compared += [
            "peers",
            f"{sum(1 for _ in every_node(behaviour.root))} routes",
            f"{len(behaviour.receivers)} receivers",
            f"{len(behaviour.inhibitions)} inhibition rules",
            f"{silences} silence{'s' * (silences != 1)}",
        ]
    verdict = "as the policy says"
    if has_errors(findings):
        verdict = "not all is as the policy says; compared were"
    elif any(finding.level is Level.WARNING for finding in findings):
        verdict = "no promise is broken, but not all is as the policy says; compared were"
    policy = verification.plan.policy
    where = f" in {policy.environment}" if policy.environments else ""
    yield f"{', '.join(programs)}{where}: {verdict}: versions, {', '.join(compared)}"
    if alertmanagers:
        yield (
            "not shown by Alertmanager, and so not compared: --cluster.peer-timeout, the text of templates, what is in "
            "secret files, what it shows as <secret>"
        )
