"""What the Prometheus operator does on the way to the servers, as far as these show it.

The operator and its sidecars say how they are by metrics that Prometheus scrapes: `reloader_last_reload_successful`
(cmd/prometheus-config-reloader), `prometheus_operator_managed_resources` (pkg/operator/operator.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour import mounted
from generator.behaviour.documents import MESSAGES
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.remote.servers.deviations import Deviation, in_a_cluster, some
from generator.upstream.prometheus_operator import CONFIG_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.verification import Verification
    from generator.remote.servers.servers import Alertmanager, Prometheus

LIV820 = Code(
    name="LIV820",
    title="What was applied is not what runs",
    meaning="A program could not load its new files, so it goes on with the old ones. Its log says why.",
)

LIV821 = Code(
    name="LIV821",
    title="The operator refuses objects",
    meaning="The Prometheus operator leaves out objects that it cannot use. Its log and the object's events say why.",
)

LIV822 = Code(
    name="LIV822",
    title="Whether files are loaded again is not seen",
    meaning="The sidecars that load new files say by a metric whether they could. Prometheus has none of it. Scrape "
    "the port `reloader-web` of the pods, as the operator's own ServiceMonitors do.",
)

LIV823 = Code(
    name="LIV823",
    title="Alertmanager finds no message template",
    meaning="The configuration that runs names its templates where none are: each page and each message fails.",
)

LIV824 = Code(
    name="LIV824",
    title="The operator changes the rules",
    meaning="With `enforcedNamespaceLabel` the operator gives each rule a label, and each selector in it a matcher. "
    "Nothing was proven about such rules: list the objects in `excludedFromEnforcement` of the Prometheus object.",
)

RELOADED = "reloader_last_reload_successful"
LOADED = (RELOADED, "prometheus_config_last_reload_successful", "alertmanager_config_last_reload_successful")
REFUSED = "prometheus_operator_managed_resources"
QUERY = f'{{__name__=~"{"|".join(LOADED)}"}} or {REFUSED}{{state="rejected"}}'
"""What tells how the sidecars and the operator are."""

Signs = tuple[tuple["Mapping[str, str]", float], ...]
"""The series of QUERY, with their values."""


def of_prometheus(verification: Verification, server: Prometheus) -> Iterator[Deviation]:
    """LIV820: a failed reload; LIV821: refused objects; LIV822: neither is seen; LIV824: enforced labels."""
    if not in_a_cluster(verification):
        return
    yield from _enforced(verification, server)
    names = {labels.get("__name__") for labels, _ in server.signs}
    failed = [labels for labels, value in server.signs if labels.get("__name__") in LOADED and value == 0]
    if failed:
        yield _deviation(LIV820, server, f"the last reload failed: {some(sorted(map(_place, failed)))}")
    for labels, value in sorted(server.signs, key=lambda sign: sorted(sign[0].items())):
        if labels.get("__name__") == REFUSED and value > 0:
            kind = labels.get("resource", "objects")
            said = f"the operator refuses {value:g} of the kind {kind}{_of(labels)}"
            yield _deviation(LIV821, server, said, level=Level.WARNING)
    if RELOADED not in names:
        yield _deviation(LIV822, server, f"it has no `{RELOADED}`", level=Level.NOTE)


_HELP = {
    LIV820.name: "look at the log of that container",
    LIV821.name: "look at the operator's log, and at the events of the objects",
    LIV822.name: "scrape the port `reloader-web` of the pods, or look at their sidecars yourself",
    LIV824.name: "list the objects in `excludedFromEnforcement` of the Prometheus object: these rules were not proven",
}


def _deviation(code: Code, server: Prometheus, said: str, *, level: Level = Level.ERROR) -> Deviation:
    return Deviation(
        code=code.name,
        program="Prometheus",
        server=server.url,
        said=said,
        route=_CLUSTER,
        on_key=True,
        level=level,
        help=_HELP[code.name],
    )


_CLUSTER = ("stack", "kubernetes")


def _place(labels: Mapping[str, str]) -> str:
    what = labels.get("container") or labels.get("__name__", "").partition("_")[0]
    return f"{what}{_of(labels)}"


def _of(labels: Mapping[str, str]) -> str:
    name = labels.get("pod") or labels.get("instance") or ""
    where = "/".join(filter(None, (labels.get("namespace"), name)))
    return f" of {where}" if where else ""


def _enforced(verification: Verification, server: Prometheus) -> Iterator[Deviation]:
    cluster = verification.plan.policy.stack.kubernetes
    written = {(rule.group, rule.name): rule.labels for rule in verification.behaviour.rules}
    same = [rule for rule in server.rules if (rule.group, rule.name) in written]
    labels = [
        {key for key, value in rule.labels.items() if cluster and value == cluster.namespace}
        - written[rule.group, rule.name].keys()
        for rule in same
    ]
    for name in sorted(set.intersection(*labels)) if labels else ():
        said = f"each rule has the label {name}={cluster.namespace if cluster else ''}, which no file gives it"
        yield _deviation(LIV824, server, said)


def of_alertmanager(verification: Verification, server: Alertmanager) -> Iterator[Deviation]:
    """LIV823: the patterns of `templates` find nothing where the operator mounts the Secret."""
    if not in_a_cluster(verification) or server.behaviour is None:
        return
    written = server.config.get("templates")
    patterns = [str(pattern) for pattern in written] if isinstance(written, list) else []
    names = [path.removeprefix(MESSAGES) for path in verification.texts(MESSAGES)]
    unseen = [name for name in names if not mounted.is_found(name, patterns)]
    if unseen:
        yield Deviation(
            code=LIV823.name,
            program="Alertmanager",
            server=server.url,
            said=f"it does not find {some(unseen)} by {some(patterns) if patterns else 'no pattern'}: they are mounted "
            f"in {CONFIG_FOLDER}, and each page and each message fails",
            route=_CLUSTER,
            on_key=True,
            help="apply out/kubernetes/alertmanager/ again; nobody else may write that Secret",
        )
