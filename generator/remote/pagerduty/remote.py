"""Talks to PagerDuty through its own client: reads what is there, sends one change, and says plainly what went wrong.

Its client sends through ours, which bounds each answer; what comes back is held to its shape before anybody reads it.

A read may be repeated; a write never is, since one whose answer was lost may have been done. The next run finds it.
What PagerDuty calls too many requests is waited for a few times, not without end as the client would.
"""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.remote import answers, web
from generator.remote.pagerduty import shapes
from generator.remote.pagerduty.desired import COLLECTIONS, Kind
from generator.remote.pagerduty.existing import Secret
from generator.remote.web import quoted
from generator.upstream.pagerduty import USUAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from httpx2 import Response
    from pagerduty import RestApiV2Client
    from typing_extensions import Self

    from generator.remote.answers import Shape
    from generator.remote.pagerduty.desired import Body

Method = Literal["GET", "POST", "PUT", "DELETE"]

_PAUSES = 5
"""How often we wait where there were too many requests: 3, 6, 12, 24 and 48 seconds, more than PagerDuty's minute."""
_ATTEMPTS = 3
_PAGE = 100
_MOST = 10_000
"""So many things of a kind PagerDuty lists at the most."""
_LARGEST = 16 * web.MIB
"""Bytes of an answer: a page of schedules with all their layers has a few."""
_FAILED = (500, 502, 503, 504)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The URL of the account (https, or loopback) and its API key.

    `pause` is what the client's waits begin from, in seconds.
    """

    url: str
    key: Secret
    pause: float = 1.5
    timeout: float = 60


class Unavailable(EnvironmentProblem):
    """The plan of the account has not what was asked for."""


class Remote:
    """A client of PagerDuty's API. Raises EnvironmentProblem where a request fails."""

    def __init__(self, account: Account) -> None:
        from pagerduty import RestApiV2Client

        from generator.remote.pagerduty.transport import transport

        client = RestApiV2Client(
            account.key.text,
            base_url=USUAL.api,
            transport=transport(web.Client(account.timeout, _LARGEST)),
            # Neither proxies nor passwords by the environment: our transport knows where it leads.
            trust_env=False,
        )
        if urlsplit(account.url).scheme == "http":
            client._url = account.url  # noqa: SLF001  # the client takes https alone; on loopback, asked directly, nobody listens
        else:
            client.url = account.url
        # What goes wrong is said once, by us; without a handler Python prints what the client logs.
        logging.getLogger("pagerduty").addHandler(logging.NullHandler())
        client.sleep_timer = account.pause
        self._client: RestApiV2Client = client
        self._account = account

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def all(self, path: str, params: Mapping[str, Any] | None = None, most: int = _MOST) -> Iterator[dict[str, Any]]:
        """Yield each object of a collection once, page by page, and at most `most` of them.

        Raises EnvironmentProblem where PagerDuty lists no more, and has more: what is there would be taken for missing.
        """
        offset = 0
        seen: set[str] = set()
        while True:
            answer = self._read(path, path, {"limit": _PAGE, "offset": offset, **(params or {})})
            fresh = [entry for entry in answer[path] if entry["id"] not in seen]
            yield from fresh
            seen.update(entry["id"] for entry in fresh)
            offset += _PAGE
            if not answer.get("more") or (offset >= most and most < _MOST):
                return
            if not fresh:
                raise EnvironmentProblem(
                    f"PagerDuty answered GET {path} with a page of nothing new, and says that there are more",
                    _ASK_AGAIN,
                )
            if offset >= _MOST:
                raise EnvironmentProblem(
                    f"the account has more than {_MOST:,} {path}: PagerDuty lists no more, so nothing is changed"
                )

    def one(self, kind: Kind, ident: str, params: Mapping[str, Any]) -> Body:
        """Return one object."""
        return self._wrapped("GET", f"{COLLECTIONS[kind]}/{ident}", kind, None, params)

    def settings(self) -> Iterator[Body]:
        """Yield the settings by which the account groups alerts; raises Unavailable where its plan has none."""
        after: str | None = None
        while True:
            params = {"limit": _PAGE, **({"after": after} if after else {})}
            answer = self._read("alert_grouping_settings", "alert_grouping_settings", params)
            yield from answer["alert_grouping_settings"]
            last, after = after, answer.get("after")
            if not after or after == last or not answer["alert_grouping_settings"]:
                return

    def create(self, kind: Kind, body: Body) -> Body:
        """Create an object and return it."""
        return self._wrapped("POST", COLLECTIONS[kind], kind, body)

    def update(self, kind: Kind, ident: str, body: Body) -> Body:
        """Update an object and return it."""
        return self._wrapped("PUT", f"{COLLECTIONS[kind]}/{ident}", kind, body)

    def delete(self, kind: Kind, ident: str) -> None:
        """Delete an object; one that is already gone is no error."""
        self._send("DELETE", f"{COLLECTIONS[kind]}/{ident}", None, gone=True)

    def connect(self, service: str, body: Body) -> Body:
        """Create an integration of a service and return it."""
        return self._wrapped("POST", f"services/{service}/integrations", "integration", body)

    def key(self, service: str, integration: str) -> Secret:
        """Return the key of an integration."""
        return key_of(self._wrapped("GET", f"services/{service}/integrations/{integration}", "integration", None))

    def rules(self, user: str) -> tuple[Body, ...]:
        """Return the notification rules of a user."""
        return tuple(self._read(f"users/{user}/notification_rules", "notification_rules")["notification_rules"])

    def overrides(self, schedule: str, begin: datetime) -> tuple[Body, ...]:
        """Return the overrides of a schedule within a year that end after `begin`."""
        until = (begin + timedelta(days=365)).isoformat()
        params = {"since": begin.isoformat(), "until": until}
        return tuple(self._read(f"schedules/{schedule}/overrides", "overrides", params)["overrides"])

    def _wrapped(
        self, method: Method, path: str, wrapper: str, body: Body | None, params: Mapping[str, Any] | None = None
    ) -> Body:
        answer = self._send(method, path, None if body is None else {wrapper: body}, params)
        data: Body = _data(method, path, answer, f"a {wrapper.replace('_', ' ')}", shapes.wrapped(wrapper))[wrapper]
        return data

    def _read(self, path: str, word: str, params: Mapping[str, Any] | None = None) -> Body:
        """Return an answer that contains a list."""
        answer = self._send("GET", path, None, params=params)
        data: Body = _data("GET", path, answer, f"a list of {word.replace('_', ' ')}", shapes.listed(word))
        return data

    def _send(
        self, method: Method, path: str, body: Body | None, params: Mapping[str, Any] | None = None, gone: bool = False
    ) -> Response:
        """Send a request and return a successful answer; errors quote PagerDuty, never the request body."""
        from httpx2 import HTTPError
        from pagerduty import Error

        from generator.remote.pagerduty.transport import cause

        reads = method == "GET"
        client = self._client
        client.max_network_attempts = _ATTEMPTS - 1 if reads else 0
        client.retry = {429: _PAUSES} | (dict.fromkeys(_FAILED, _ATTEMPTS - 1) if reads else {})
        asked = {"json": body} if body is not None else {}
        if params:
            asked["params"] = dict(params)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                answer = client.request(method, f"/{path}", **asked)
        except (Error, HTTPError, web.NoAnswer) as error:
            if isinstance(error, Error) and error.response is not None:
                raise _unready(method, path, error.response) from None
            raise self._unanswered(method, path, cause(error)) from None
        done = answer.status_code in (204, 404) if gone else answer.is_success
        if done:
            return answer
        raise _unready(method, path, answer)

    def _unanswered(self, method: Method, path: str, reason: str) -> EnvironmentProblem:
        """Return the error for a request without an answer; a write may have been carried out."""
        address = f"{self._account.url.rstrip('/')}/{path}"
        problem = f"PagerDuty did not answer {method} {address}: {reason}"
        if method == "GET":
            return EnvironmentProblem(problem, _LOOK)
        return EnvironmentProblem(
            f"{problem}; whether it was done is not known", "run the command again: what is there is found by its name"
        )


def now() -> datetime:
    """Return the time, to the second."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def key_of(integration: Body) -> Secret:
    """Return the key of an integration; raises EnvironmentProblem where the answer lacks it."""
    key = integration.get("integration_key")
    if not isinstance(key, str) or not key:
        raise EnvironmentProblem(
            "PagerDuty does not show the key of an integration", "the API key needs the right to read services"
        )
    return Secret(text=key)


def _data(method: Method, path: str, answer: Response, expected: str, shape: Shape) -> Any:
    """Return the content of an answer; raises EnvironmentProblem where it has another shape."""
    try:
        return answers.check(answers.parse(answer.content, _LARGEST), shape)
    except answers.Misshapen as wrong:
        reason = str(wrong)
    except ValueError:
        reason = f"it is not JSON: {quoted(answer.content)}"
    again = _ASK_AGAIN if method == "GET" else "run the command again: what is there is found by its name"
    raise EnvironmentProblem(f"PagerDuty answered {method} {path} with something else than {expected}: {reason}", again)


_ASK_AGAIN = "see whether ALERTC_PAGERDUTY_URL, a proxy or a portal on the way stands in for PagerDuty"
_IN_USE = "take it out of what uses it, in PagerDuty; or run the command without --prune"
_LOOK = "see whether this machine reaches that address: the network, its proxy (HTTPS_PROXY, NO_PROXY), and --region"


def _unready(method: Method, path: str, answer: Response) -> EnvironmentProblem:
    """Return the problem and the help for a failed request."""
    request = f"{method} {path}"
    status = answer.status_code
    if status == 401:
        return EnvironmentProblem(
            "PagerDuty does not know the API key", "see PAGERDUTY_API_KEY or --key-file, and --region"
        )
    if status == 403:
        return EnvironmentProblem(
            f"the API key has not the right to {request}", "plan and drift need a key that reads, apply one that writes"
        )
    if status == 429:
        return EnvironmentProblem(
            f"PagerDuty takes no more requests for now ({request})", "run the command again in a minute"
        )
    problem = _reason_of(answer)
    said = f"PagerDuty answered {request} with {status}{f': {problem}' if problem else ''}"
    if status == 402:
        return Unavailable(said, "the plan of the account has not got this: ask PagerDuty, or do without it")
    return EnvironmentProblem(said, _help(status, problem))


_KNOWN: Mapping[str, str] = {
    "Name has already been taken": "somebody has made it meanwhile: see with `plan` what is there now",
    "snapshot with open incidents": "resolve the incidents that began while their chain used it, or reassign them; "
    "then run the command again",
    "in use": _IN_USE,
    "being used by": _IN_USE,
    "Stakeholders": "give them a role in PagerDuty with which they can be on call",
}
"""What PagerDuty says where it refuses a request, and what leads on: to ask again does not."""


def _help(status: int, problem: str) -> str:
    if status >= 500 or status in (404, 408, 409):
        return "run the command again"
    if status < 400:
        return _ASK_AGAIN
    known = (help for words, help in _KNOWN.items() if words in problem)
    return next(known, "change what PagerDuty names, there or in the policy: to run the command again does not help")


def _reason_of(answer: Response) -> str:
    """Return the reason that PagerDuty gives."""
    try:
        error = answers.parse(answer.content, _LARGEST)["error"]
        reasons = [error.get("message"), *(error.get("errors") or ())]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    known = "; ".join(reason for reason in reasons if isinstance(reason, str))
    # Long strings of letters and digits may be keys.
    return quoted(re.sub(r"[A-Za-z0-9_+-]{20,}", "…", known[:5000]), 500) if known else ""
