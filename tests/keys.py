"""Each key of each rendered file, changed as a template of a user may change it.

`changes` yields them: a value becomes another of its kind, a key or an item is gone, an item is there twice, in another
order, or is another one, and what the schema of the file allows beside is added. `keys_in_texts` does it to templates
and to the procedure. `judging` says whether the verifiers find a change.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import yaml

from generator import targets
from generator.behaviour import documents
from generator.behaviour.typed import typed
from generator.policy import duration, schema
from generator.upstream.alertmanager.integrations import KINDS, SUFFIX
from tests import keys_in_texts

REMOVED, OTHER, TWICE, ORDER, ADDED = "removed", "other", "twice", "order", "added"
"""How a key is changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one key; `key` is its way with `[]` for an item of a list, `how` one of the words above."""

    path: str
    key: str
    how: str
    what: str
    text: str

    def __str__(self):
        return f"{self.path}: {self.key} {self.how}: {self.what}"


def changes(artifact):
    """Yield all changes of a file; their texts are made when they are asked for."""
    objects = artifact.path.startswith((documents.KUBERNETES, documents.HELM))
    document = typed(artifact.text) if objects else documents.read([artifact]).get(artifact.path)
    if document is None:
        yield from keys_in_texts.changes(artifact)
        return
    owner = targets.owned(artifact.path)
    write = _typed if objects else _json if artifact.path.endswith(".json") else _yaml
    for where, how, what, tree in _changed(document, _Form.of(owner.schema), _peers(document)):
        yield artifact.path, pattern(where, document), how, what, lambda tree=tree: write(tree)


def pattern(where, document=None):
    """Return a way into a file as the table of looks names it: `receivers[].slack_configs[].color`.

    Of a route in a document it names the receiver: `route.routes[room].group_by`.
    """
    words = []
    for step in where:
        document = _at(document, step)
        name = document.get("receiver", "") if isinstance(document, dict) else ""
        words.append(f"[{name}]" if isinstance(step, int) else f".{step}")
    return "".join(words).removeprefix(".")


def _at(document, step):
    if isinstance(document, list):
        return document[step] if step < len(document) else None
    return document.get(step) if isinstance(document, dict) else None


# ------------------------------------------------------------------------------------------- trees


def _changed(document, form, peers):
    """Yield the way to what is changed, how, what it is now, and the tree then."""
    for where, value, here in _walk(document, form):
        if where:
            yield where, REMOVED, "", _without(document, where)
        if isinstance(value, dict):
            for key, other in here.absent(value):
                yield (*where, key), ADDED, str(other), _put(document, where, {**value, key: other})
        elif isinstance(value, list):
            yield from _of_list(document, where, value, peers.get(pattern(where) + "[]", ()))
        else:
            for other in _others(where, value, peers.get(pattern(where), ())):
                yield where, OTHER, str(other), _put(document, where, other)


def _of_list(document, where, value, peers):
    if len(value) > 1:
        yield where, ORDER, "", _put(document, where, value[::-1])
    for number in range(len(value)):
        yield (*where, number), TWICE, "", _put(document, where, [*value[: number + 1], *value[number:]])
    for other in [peer for peer in peers if peer not in value][:1]:
        yield (*where, len(value)), ADDED, str(other), _put(document, where, [*value, other])


def _walk(value, form, where=()):
    yield where, value, form
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in below:
        yield from _walk(item, form.below(step, item), (*where, step))


def _put(tree, where, value):
    """Return the tree with another value at a place; the rest is shared."""
    if not where:
        return value
    step, *rest = where
    below = _put(tree[step], rest, value)
    if isinstance(tree, dict):
        return {**tree, step: below}
    return [*tree[:step], below, *tree[step + 1 :]]


def _without(tree, where):
    *above, last = where
    held = tree
    for step in above:
        held = held[step]
    if isinstance(held, dict):
        return _put(tree, above, {key: value for key, value in held.items() if key != last})
    return _put(tree, above, [item for number, item in enumerate(held) if number != last])


def _peers(document):
    """Return the values that stand at places of the same kind."""
    peers = {}
    for where, value, _ in _walk(document, _Form("", {})):
        if where:
            values = peers.setdefault(pattern(where), [])
            if value not in values:
                values.append(value)
    return peers


# ------------------------------------------------------------------------------------------- other values

_LENGTH = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d)?")
_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"(.*)"')


def _others(where, value, peers):
    """Yield other values of the same kind."""
    if value is None:
        yield "other"
    elif isinstance(value, bool) or value in ("true", "false"):
        yield (not value) if isinstance(value, bool) else {"true": "false", "false": "true"}[value]
    elif isinstance(value, int):
        yield from {value + 1, max(value - 1, 0), value * 2} - {value}
    elif value.isdecimal():
        yield from sorted({str(int(value) + 1), str(int(value) // 2)} - {value})
    elif _LENGTH.fullmatch(value):
        length = duration.parse(value)
        longer, shorter = length * 2 or timedelta(minutes=1), length / 2
        yield from (duration.write(one) for one in {longer, _whole(shorter)} if one != length)
    elif _CLOCK.fullmatch(value):
        yield f"{(int(value[:2]) + 1) % 24:02}{value[2:]}"
    elif re.match(r"\d{4}-\d\d-\d\dT", value):
        for step in (timedelta(hours=1), timedelta(days=7)):
            yield (datetime.fromisoformat(value) + step).isoformat()
    else:
        yield from _other_texts(where, value, peers)


def _whole(length):
    return timedelta(seconds=length // timedelta(seconds=1))


def _other_texts(where, value, peers):
    yield from [peer for peer in peers if peer != value][:2]
    if matcher := _MATCHER.fullmatch(value):
        label, operator, wanted = matcher.groups()
        flipped = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}[operator]
        yield f'{label}{flipped}"{wanted}"'
        yield f'{label}{operator}"{wanted}x"'
        return
    if where[-1] == "expr":
        yield f"({value}) or vector(1)"
        if number := re.search(r"(?<=[<>] )\d+(?:\.\d+)?", value):
            yield f"{value[: number.start()]}{float(number[0]) + 1:g}{value[number.end() :]}"
        return
    yield f"{value}x" if value else "other"
    if "{{" in value:
        yield "other"


# ------------------------------------------------------------------------------------------- what may be added


class _Form:
    """The part of a schema that a value has the form of."""

    def __init__(self, name, part):
        self._name = name
        self._part = part

    @classmethod
    def of(cls, name):
        return cls(name, schema.read(name) if name else {})._resolved({})

    def below(self, step, value):
        key = "items" if isinstance(step, int) else None
        part = self._part.get("items", {}) if key else self._part.get("properties", {}).get(step)
        if part is None:
            more = self._part.get("additionalProperties")
            part = more if isinstance(more, dict) else {}
        return _Form(self._name, part)._resolved(value)

    def _resolved(self, value):
        part = self._part
        if "if" in part and isinstance(value, dict):
            wanted = part["if"].get("required", ())
            kinds = {key: one["const"] for key, one in part["if"].get("properties", {}).items()}
            holds = all(key in value for key in wanted) and all(value.get(key) == kind for key, kind in kinds.items())
            part = part["then" if holds else "else"]
        target = part.get("$ref")
        if target:
            part = {**schema.read(self._name)["$defs"][target.rpartition("/")[2]], **part}
            part.pop("$ref")
        return _Form(self._name, part)

    def absent(self, value):
        """Yield each key that may be there and is not, with values."""
        for key, part in self._part.get("properties", {}).items():
            if key not in value:
                for other in _Form(self._name, part)._resolved(None).some(key):
                    yield key, other

    def some(self, key):
        """Return values of this form, for a key of this name."""
        if key.endswith(SUFFIX):
            example = KINDS[key.removesuffix(SUFFIX)].example
            return [[yaml.load(f"{{{example}}}", yaml.BaseLoader)]]
        if key in _PLAUSIBLE:
            return _PLAUSIBLE[key]
        kinds = self._part.get("type", ())
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if "const" in self._part or "enum" in self._part:
            return [self._part["const"]] if "const" in self._part else self._part["enum"]
        if "boolean" in kinds:
            return ["true", "false"]
        if "integer" in kinds or "number" in kinds:
            return [str(max(1, self._part.get("minimum", 1)))]
        if "array" in kinds:
            return [[one] for one in self.below(0, None).some(key)[:1]]
        if "object" in kinds:
            return self._objects()
        return [_text(key, self._part)]

    def _objects(self):
        found = []
        required = self._part.get("required", ())
        needed = {key: self.below(key, None).some(key)[0] for key in required}
        for key in self._part.get("properties", {}):
            if key not in required:
                found += [{**needed, key: other} for other in self.below(key, None).some(key)]
        return found or [needed or {"other": "x"}]


_PLAUSIBLE: dict[str, list[Any]] = {
    "matchers": [['severity="P3"']],
    "source_matchers": [['severity="P0"']],
    "target_matchers": [['severity="P2"']],
    "match": [{"severity": "P3"}],
    "match_re": [{"severity": "P2|P3"}],
    "source_match": [{"severity": "P0"}],
    "target_match": [{"severity": "P2"}],
    "source_match_re": [{"severity": "P0"}],
    "target_match_re": [{"severity": "P2"}],
    "group_by": [["team"]],
    "equal": [["team"]],
    "active_time_intervals": [["nights"], ["business-hours"]],
    "mute_time_intervals": [["nights"], ["business-hours"]],
    "receiver": ["unrouted"],
    "labels": [{"team": "other"}, {"severity": "P3"}],
    "details": [{"other": "x"}],
    "headers": [{"To": "other@shop.example"}],
    "smarthost": ["mail.elsewhere.example:25"],
    "smtp_smarthost": ["mail.elsewhere.example:25"],
    "tls_config": [{"insecure_skip_verify": "true"}],
    "smtp_tls_config": [{"insecure_skip_verify": "true"}],
    "payload": [{"other": "x"}],
    "http_headers": [{"X-Other": {"values": ["x"]}}],
    "start": ["2026-01-01T00:00:00+00:00"],
    "end": ["2026-02-01T00:00:00+00:00"],
    "inhibit_rules": [
        [{"source_matchers": ['severity="P0"'], "target_matchers": ['severity="P2"'], "equal": ["team"]}]
    ],
    "time_intervals": [
        [{"name": "nights", "time_intervals": [{"times": [{"start_time": "00:00", "end_time": "06:00"}]}]}]
    ],
    "routes": [[{"receiver": "unrouted"}], [{"receiver": "unrouted", "matchers": ['severity="P1"']}]],
}


def _text(key, part):
    if "length" in part.get("title", ""):
        return "7m"
    if key.endswith("url"):
        return "https://elsewhere.example/x"
    if key.endswith("_file"):
        return "/etc/alertmanager/secrets/other"
    return part.get("examples", ["other"])[0]


# ------------------------------------------------------------------------------------------- back to text


class _Dumper(yaml.CSafeDumper):
    """Writes text as it stands in a file of ours: numbers and `true` without quotes."""

    def ignore_aliases(self, _):
        return True


def _scalar(dumper, text):
    kind = "bool" if text in ("true", "false") else "int" if re.fullmatch(r"0|[1-9]\d*", text) else "str"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", text)


_Dumper.add_representer(str, _scalar)


def _typed(tree):
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


def _yaml(tree):
    return yaml.dump(_plain(tree), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _plain(tree):
    if isinstance(tree, dict):
        return {str(key): _plain(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_plain(item) for item in tree]
    return tree if tree is None else str(tree)


def _json(tree):
    return json.dumps(tree, indent=2, ensure_ascii=False)
