"""AlertmanagerConfig objects of Kubernetes, merged into a configuration as the Prometheus operator does.

Sources: prometheus-operator, pkg/alertmanager/amcfg.go (`AddAlertmanagerConfigs`, `namespaceEnforcer`) and
validation/v1alpha1, validation/v1beta1. The strategy of matchers is that of the `Alertmanager` object among the files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from generator.audit.reading_codes import AUD908, AUD909
from generator.diagnostics.diagnostic import Diagnostic, Level, Place
from generator.diagnostics.yaml_events import short
from generator.system.record import record
from generator.upstream.alertmanager.match import Matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from generator.upstream.alertmanager.match import Operator

KIND = "AlertmanagerConfig"
SECRET = "<secret>"  # noqa: S105  # stands where the operator writes what a Secret holds
ALONE: Mapping[str, Any] = {"route": {"receiver": "null"}, "receivers": [{"name": "null"}]}
"""The operator's configuration where nobody gave it one (operator.go)."""


@record
class NamespacedConfig:
    """An AlertmanagerConfig object, its name, and its place."""

    namespace: str
    name: str
    spec: Mapping[str, Any]
    place: Place


@record
class Strategy:
    """For which objects the operator adds a matcher of their own namespace (`alertmanagerConfigMatcherStrategy`)."""

    kind: str = "OnNamespace"
    namespace: str = ""
    """Where Alertmanager itself runs."""

    def holds(self, namespace: str) -> bool:
        """Return whether the routes and inhibitions of an object in that namespace are held to it."""
        return self.kind == "OnNamespace" or (
            self.kind == "OnNamespaceExceptForAlertmanagerNamespace" and namespace != self.namespace
        )


def strategy_of(alertmanager: Mapping[str, Any]) -> Strategy:
    """Return the strategy of an `Alertmanager` object; one that Kubernetes would not take counts as the default."""
    spec, metadata = (_mapping(alertmanager.get(key)) for key in ("spec", "metadata"))
    kind = _mapping(spec.get("alertmanagerConfigMatcherStrategy")).get("type") or Strategy().kind
    return Strategy(kind=str(kind), namespace=str(metadata.get("namespace") or ""))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


class Ignored(Exception):
    """The operator leaves an object out."""

    def __init__(self, reason: str, place: Place) -> None:
        super().__init__(reason)
        self.place = place


def of(tree: Mapping[str, Any], place: Place, findings: list[Diagnostic]) -> NamespacedConfig:
    """Return the object that a manifest describes."""
    metadata = _mapping(tree.get("metadata"))
    name, namespace, spec = metadata.get("name"), metadata.get("namespace"), tree.get("spec")
    if not isinstance(namespace, str):
        namespace = "default"
        findings.append(
            Diagnostic(
                code=AUD908.name,
                message="this AlertmanagerConfig has no namespace, and it handles only alerts of its own namespace",
                level=Level.WARNING,
                place=place,
                notes=("the audit takes it for one of the namespace `default`",),
                help="write `metadata.namespace`",
            )
        )
    return NamespacedConfig(
        namespace=namespace,
        name=name if isinstance(name, str) else "",
        spec=spec if isinstance(spec, dict) else {},
        place=place,
    )


def merged(
    base: Mapping[str, Any],
    objects: Iterable[NamespacedConfig],
    places: dict[int, Place],
    place_of: Callable[[object], Place | None],
    findings: list[Diagnostic],
    strategy: Strategy,
) -> dict[str, Any]:
    """Return the configuration with the objects in it; the place of each new mapping is entered into `places`."""
    routes: list[Any] = []
    receivers = _items(base, "receivers")
    inhibitions = _items(base, "inhibit_rules")
    intervals = _items(base, "mute_time_intervals")
    for config in sorted(objects, key=lambda config: (config.namespace, config.name)):
        conversion = _Conversion(config, places, place_of, held=strategy.holds(config.namespace))
        try:
            rules, route, own_receivers, own_intervals = conversion.converted()
        except Ignored as ignored:
            findings.append(
                Diagnostic(
                    code=AUD909.name,
                    message=f"the operator ignores AlertmanagerConfig `{config.namespace}/{config.name}`: {ignored}",
                    place=ignored.place,
                    help="correct it; `kubectl describe` shows the operator's reason among the events of the object",
                )
            )
            continue
        inhibitions += rules
        if route is not None:
            routes.append(route)
            receivers += own_receivers
            intervals += own_intervals
    root = base.get("route")
    if not isinstance(root, dict):
        return dict(base)  # whoever reads it says what is wrong
    top = {**root, "routes": routes + _items(root, "routes")}
    whole = {**base, "route": top, "receivers": receivers}
    if inhibitions:
        whole["inhibit_rules"] = inhibitions
    if intervals:
        whole["mute_time_intervals"] = intervals
    for new, old in ((top, root), (whole, base)):
        place = place_of(old)
        if place is not None:
            places[id(new)] = place
    return whole


def _items(holder: Mapping[str, Any], key: str) -> list[Any]:
    value = holder.get(key)
    return list(value) if isinstance(value, list) else []


class _Conversion:
    """One object on its way into the configuration."""

    def __init__(
        self,
        config: NamespacedConfig,
        places: dict[int, Place],
        place_of: Callable[[object], Place | None],
        *,
        held: bool,
    ) -> None:
        self._config = config
        self._places = places
        self._place_of = place_of
        self._own = (str(Matcher(label="namespace", operator="=", value=config.namespace)),) if held else ()
        self._receivers: frozenset[str] = frozenset()
        self._intervals: frozenset[str] = frozenset()

    def converted(self) -> tuple[list[Any], dict[str, Any] | None, list[Any], list[Any]]:
        """Return inhibitions, route, receivers and time intervals; raises Ignored."""
        spec = self._config.spec
        receivers = self._mappings(spec, "receivers")
        intervals = [*self._mappings(spec, "muteTimeIntervals"), *self._mappings(spec, "timeIntervals")]
        self._receivers = frozenset(str(receiver.get("name")) for receiver in receivers)
        self._intervals = frozenset(str(interval.get("name")) for interval in intervals)
        if len(self._receivers) < len(receivers):
            raise Ignored("two of its receivers have the same name", self._config.place)
        route = spec.get("route")
        if route is not None and not isinstance(route, dict):
            raise Ignored("its `route` is not a mapping", self._config.place)
        if route is not None and not route.get("receiver"):
            raise Ignored("its route has no `receiver`", self._place(route))
        return (
            [self._inhibition(rule) for rule in self._mappings(spec, "inhibitRules")],
            self._top(route) if route is not None else None,
            [self._receiver(receiver) for receiver in receivers],
            [self._interval(interval) for interval in intervals],
        )

    def _top(self, route: Mapping[str, Any]) -> dict[str, Any]:
        converted = self._route(route)
        converted["matchers"] = [*converted.get("matchers", ()), *self._own]
        converted["continue"] = "true"
        return converted

    def _route(self, route: Mapping[str, Any]) -> dict[str, Any]:
        converted: dict[str, Any] = {}
        for key, value in route.items():
            if key == "receiver" and value:
                if not isinstance(value, str) or value not in self._receivers:
                    raise Ignored(f'there is no receiver "{short(str(value))}" in it', self._place(route))
                converted[key] = self._namespaced(value)
            elif key == "matchers":
                converted[key] = [self._matcher(matcher) for matcher in self._mappings(route, key)]
            elif key in ("muteTimeIntervals", "activeTimeIntervals"):
                names = value if isinstance(value, list) else []
                for name in names:
                    if not isinstance(name, str) or name not in self._intervals:
                        raise Ignored(f'there is no time interval "{short(str(name))}" in it', self._place(route))
                converted[_snake(key)] = [self._namespaced(name) for name in names]
            elif (
                key == "groupBy"
                and isinstance(value, list)
                and len(value) > (1 if "..." in value else len(set(map(str, value))))
            ):
                raise Ignored("its `groupBy` names a label twice, or others beside `...`", self._place(route))
            elif key == "routes":
                converted[key] = [self._route(child) for child in self._mappings(route, key)]
            else:
                converted[_snake(key)] = value
        return self._at(converted, route)

    def _inhibition(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        converted: dict[str, Any] = {}
        for key, new in (("sourceMatch", "source_matchers"), ("targetMatch", "target_matchers")):
            matchers = [self._matcher(matcher) for matcher in self._mappings(rule, key)]
            converted[new] = [*matchers, *(own for own in self._own if own not in matchers)]
        if rule.get("equal") is not None:
            converted["equal"] = rule["equal"]
        return self._at(converted, rule)

    def _matcher(self, matcher: Mapping[str, Any]) -> str:
        kind = matcher.get("matchType") or ("=~" if str(matcher.get("regex")).lower() == "true" else "=")
        if kind not in ("=", "!=", "=~", "!~"):
            raise Ignored(f'"{short(str(kind))}" is no type of matcher', self._place(matcher))
        name, value = matcher.get("name"), matcher.get("value")
        if not name or not isinstance(name, str) or not isinstance(value, str | None):
            raise Ignored("a matcher has no `name`", self._place(matcher))
        return str(Matcher(label=name, operator=cast("Operator", kind), value=value or ""))

    def _receiver(self, receiver: Mapping[str, Any]) -> dict[str, Any]:
        converted: dict[str, Any] = {}
        for key, value in receiver.items():
            if key.endswith("Configs"):
                kind = _snake(key.removesuffix("Configs")).replace("_", "")
                converted[f"{kind}_configs"] = [
                    self._settings(entry, top=True) for entry in self._mappings(receiver, key)
                ]
            elif key == "name":
                converted[key] = self._namespaced(value)
        return self._at(converted, receiver)

    def _settings(self, settings: Mapping[str, Any], *, top: bool = False) -> dict[str, Any]:
        converted: dict[str, Any] = {}
        for key, value in settings.items():
            name = _RENAMED.get(key) or _snake(key)
            converted[name] = self._setting(value)
        return self._at(converted, settings) if top else converted

    def _setting(self, value: Any) -> Any:
        if isinstance(value, dict):
            if "key" in value and set(value) <= {"name", "key", "optional"}:
                return SECRET
            return self._settings(value)
        if isinstance(value, list):
            if value and all(isinstance(item, dict) and set(item) == {"key", "value"} for item in value):
                return {str(item["key"]): item["value"] for item in value}
            return [self._setting(item) for item in value]
        return value

    def _interval(self, interval: Mapping[str, Any]) -> dict[str, Any]:
        spans = [self._span(span) for span in self._mappings(interval, "timeIntervals")]
        converted = {"name": self._namespaced(interval.get("name")), "time_intervals": spans}
        return self._at(converted, interval)

    def _span(self, span: Mapping[str, Any]) -> dict[str, Any]:
        converted: dict[str, Any] = {}
        for key, value in span.items():
            if not value:
                continue  # what the operator writes is empty where nothing is written
            if key == "times":
                times = self._mappings(span, key)
                converted[key] = [
                    {"start_time": time.get("startTime"), "end_time": time.get("endTime")} for time in times
                ]
            elif key == "daysOfMonth":
                days = self._mappings(span, key)
                converted["days_of_month"] = [
                    f"{day.get('start')}:{day.get('end') or day.get('start')}" for day in days
                ]
            else:
                converted[_snake(key)] = value
        return self._at(converted, span)

    def _namespaced(self, name: Any) -> str:
        return f"{self._config.namespace}/{self._config.name}/{name}"

    def _mappings(self, holder: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        value = holder.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise Ignored(f"`{key}` is not a list of mappings", self._place(holder))
        return value

    def _place(self, mapping: object) -> Place:
        return self._place_of(mapping) or self._config.place

    def _at(self, new: dict[str, Any], old: object) -> dict[str, Any]:
        self._places[id(new)] = self._place(old)
        return new


_RENAMED = {
    "urlSecret": "url",
    "pagerDutyImageConfigs": "images",
    "pagerDutyLinkConfigs": "links",
    "apiURLSecret": "api_url",
    "bearerTokenSecret": "bearer_token",
}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _snake(name: str) -> str:
    return _HUMP.sub("_", name).lower()
