"""The one comment that alertc keeps on a pull request of GitHub, or a merge request of GitLab.

It is found again by the marker in its first line, and only among comments of our own account: whoever else writes the
marker is not overwritten, and cannot change what we said.

Sources: GitHub's REST API (issues/comments), GitLab's REST API (notes of merge requests), and the variables that both
set for the jobs of a pull request.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.remote import answers, web
from generator.remote.answers import between, each, fields, matching, text
from generator.remote.web import NoAnswer, Trouble, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.remote.answers import Shape

_PAGE, _PAGES = 100, 100
_LARGEST = 32 * web.MIB
"""Bytes of an answer: a page of comments as long as a forge takes them has a few."""
_ROBOT = "github-actions[bot]"
"""Who comments with the token of a workflow, which cannot ask for its own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """An existing comment."""

    id: int
    body: str


class Request(Protocol):
    """A pull or merge request whose comments can be listed, posted and updated."""

    def own_comments(self) -> Iterator[Comment]:
        """Yield the comments of the account that the token belongs to, the oldest first."""

    def post(self, body: str) -> str:
        """Post a comment, and return its address."""

    def update(self, comment: Comment, body: str) -> str:
        """Change a comment, and return its address."""


def request(environment: Mapping[str, str], timeout: float) -> Request:
    """Return the pull request that this job runs for.

    Raises EnvironmentProblem where it runs for none, or lacks a token.

    `timeout` is in seconds, for each answer as a whole.
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        return _github(environment, timeout)
    if environment.get("GITLAB_CI") == "true":
        return _gitlab(environment, timeout)
    raise EnvironmentProblem(
        "this is neither a job of GitHub Actions nor of GitLab CI",
        help="`alertc diff --format markdown` prints the comment; post it as your forge does",
    )


def keep(request: Request, marker: str, body: str) -> str:
    """Create or update the one comment that begins with the marker of `body`; return what was done."""
    marked = [comment for comment in request.own_comments() if comment.body.startswith(marker)]
    if not marked:
        return f"posted: {request.post(body)}"
    # Forges may end a text with or without a line feed.
    if marked[0].body.rstrip() == body.rstrip():
        return "the comment says so already"
    return f"updated: {request.update(marked[0], body)}"


# ------------------------------------------------------------------------------------------- GitHub


@dataclass(frozen=True, slots=True, kw_only=True)
class _GitHub:
    api: _Api
    repository: str
    number: int

    def own_comments(self) -> Iterator[Comment]:
        me = self.api.name_of_account("/user", "login") or _ROBOT
        for entry in self.api.pages(f"/repos/{self.repository}/issues/{self.number}/comments", _COMMENT):
            if (entry.get("user") or {}).get("login") == me:
                yield Comment(id=entry["id"], body=entry.get("body") or "")

    def post(self, body: str) -> str:
        path = f"/repos/{self.repository}/issues/{self.number}/comments"
        return self._address(self.api.send("POST", path, _PUT_UP, {"body": body}))

    def update(self, comment: Comment, body: str) -> str:
        path = f"/repos/{self.repository}/issues/comments/{comment.id}"
        return self._address(self.api.send("PATCH", path, _PUT_UP, {"body": body}))

    @staticmethod
    def _address(comment: Mapping[str, Any]) -> str:
        return quoted(comment["html_url"], 500)


_ID = between(1, 10**18)
_WRITER = fields({}, {"login": text, "username": text})
_COMMENT = fields({"id": _ID}, {"body": text, "user": _WRITER, "author": _WRITER})
_PUT_UP = fields({"html_url": matching(r"https?://\S+", "the address of a page")})


def _github(environment: Mapping[str, str], timeout: float) -> Request:
    event = _event(environment.get("GITHUB_EVENT_PATH", ""))
    pull_request = event.get("pull_request")
    number = pull_request.get("number") if isinstance(pull_request, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise EnvironmentProblem("this job runs for no pull request", help="run it `on: pull_request`")
    token = _token(environment, "GITHUB_TOKEN")
    if not token:
        raise EnvironmentProblem(
            "GITHUB_TOKEN is not set", help="give the step `env: GITHUB_TOKEN: ${{ github.token }}`"
        )
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    url = environment.get("GITHUB_API_URL", "https://api.github.com")
    may = "`permissions: pull-requests: write` lets it; for a fork, GitHub never does"
    return _GitHub(
        api=_api("GITHUB_API_URL", url, headers, may, timeout),
        repository=_variable(environment, "GITHUB_REPOSITORY"),
        number=number,
    )


def _event(path: str) -> Mapping[str, Any]:
    try:
        read = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


# ------------------------------------------------------------------------------------------- GitLab


@dataclass(frozen=True, slots=True, kw_only=True)
class _GitLab:
    api: _Api
    notes: str
    page: str

    def own_comments(self) -> Iterator[Comment]:
        me = self.api.name_of_account("/user", "username")
        for entry in self.api.pages(f"{self.notes}?sort=asc", _COMMENT):
            if (entry.get("author") or {}).get("username") == me:
                yield Comment(id=entry["id"], body=entry.get("body") or "")

    def post(self, body: str) -> str:
        return self._address(self.api.send("POST", self.notes, _NOTE, {"body": body}))

    def update(self, comment: Comment, body: str) -> str:
        return self._address(self.api.send("PUT", f"{self.notes}/{comment.id}", _NOTE, {"body": body}))

    def _address(self, note: Mapping[str, Any]) -> str:
        return f"{self.page}#note_{note['id']}"


_NOTE = fields({"id": _ID})


def _gitlab(environment: Mapping[str, str], timeout: float) -> Request:
    number = environment.get("CI_MERGE_REQUEST_IID")
    if not number:
        raise EnvironmentProblem(
            "this job runs for no merge request",
            help='give it the rule `if: $CI_PIPELINE_SOURCE == "merge_request_event"`',
        )
    token = _token(environment, "ALERTC_GITLAB_TOKEN")
    if not token:
        raise EnvironmentProblem(
            "ALERTC_GITLAB_TOKEN is not set",
            help="make a project access token of the scope `api` and set it as a masked variable of that name; the "
            "token of a job may not comment",
        )
    notes = f"/projects/{_variable(environment, 'CI_PROJECT_ID')}/merge_requests/{number}/notes"
    page = f"{environment.get('CI_MERGE_REQUEST_PROJECT_URL', '')}/-/merge_requests/{number}"
    may = "the token needs the scope `api` and the role Reporter"
    headers = {"PRIVATE-TOKEN": token}
    api = _api("CI_API_V4_URL", _variable(environment, "CI_API_V4_URL"), headers, may, timeout)
    return _GitLab(api=api, notes=notes, page=page)


# ------------------------------------------------------------------------------------------- what both do


def _variable(environment: Mapping[str, str], name: str) -> str:
    """Return a variable that the CI system sets."""
    if name not in environment:
        raise EnvironmentProblem(f"{name} is not set", help="run it in a job of the forge, which sets it")
    return environment[name]


def _token(environment: Mapping[str, str], name: str) -> str:
    """Return a token; empty where it is not set.

    Raises EnvironmentProblem, which does not repeat it, where it is none.
    """
    token = environment.get(name, "").strip()
    if token and re.fullmatch(r"[\x21-\x7e]+", token) is None:
        raise EnvironmentProblem(f"what {name} holds is no token", help="a token is one line without spaces")
    return token


def _api(variable: str, url: str, headers: Mapping[str, str], may: str, timeout: float) -> _Api:
    try:
        return _Api(url=web.valid(url), headers=headers, may=may, timeout=timeout)
    except ValueError:
        raise EnvironmentProblem(
            f"what {variable} holds is no address of a forge", help="the forge sets it itself"
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Api:
    """A REST API; `may` is the help for a missing permission."""

    url: str
    headers: Mapping[str, str]
    may: str
    timeout: float

    def pages(self, path: str, shape: Shape) -> Iterator[dict[str, Any]]:
        """Yield the entries of a list, page by page; each must have this shape."""
        joint = "&" if "?" in path else "?"
        seen: set[int] = set()
        for number in range(1, _PAGES + 1):
            entries = self.send("GET", f"{path}{joint}per_page={_PAGE}&page={number}", each(shape))
            fresh = [entry for entry in entries if entry["id"] not in seen]
            seen.update(entry["id"] for entry in fresh)
            yield from fresh
            if len(entries) < _PAGE:
                return
            if not fresh:
                raise self._unready("GET", path, "answers with the same page again and again")
        raise self._unready("GET", path, f"lists more than {_PAGE * _PAGES:,} comments, and no end of them")

    def name_of_account(self, path: str, key: str) -> str | None:
        """Return the name of the token's account; None where the token may not read it."""
        try:
            accounts = self.send("GET", path, fields({key: text}))
        except _Forbidden:
            return None
        return str(accounts[key])

    def send(self, method: str, path: str, shape: Shape, body: Mapping[str, str] | None = None) -> Any:
        """Return the answer, which has this shape.

        Raises EnvironmentProblem where there is none, or one that refuses.
        """
        headers = {**self.headers, "Content-Type": "application/json", "User-Agent": "alertc"}
        sent = None if body is None else json.dumps(body).encode()
        perhaps = "" if method == "GET" else "; whether it was done is not known"
        try:
            with web.Client(self.timeout, _LARGEST) as client:
                answer = client.send(method, f"{self.url}{path}", headers, sent)
        except NoAnswer as none:
            answers_with = "answers with " if none.trouble is Trouble.NONSENSE else "cannot be asked: "
            raise self._unready(method, path, f"{answers_with}{none.reason}{perhaps}") from None
        if answer.status in (401, 403):
            raise _Forbidden(f"{self.url} does not let this token {_DOING[method]}", help=self.may)
        if not 200 <= answer.status < 300:
            raise self._unready(method, path, f"answers with {_status(answer.status)}")
        try:
            return answers.check(answers.parse(answer.body, _LARGEST), shape)
        except answers.Misshapen as wrong:
            raise self._unready(method, path, f"answers with what no forge says: {wrong}{perhaps}") from None
        except ValueError:
            why = f"answers with what is not JSON: {quoted(answer.body)}{perhaps}"
            raise self._unready(method, path, why) from None

    def _unready(self, method: str, path: str, why: str) -> EnvironmentProblem:
        help = "run the job again, or look there"
        return EnvironmentProblem(f"{method} {self.url}{quoted(path.partition('?')[0], 500)} {why}", help=help)


def _status(status: int) -> str:
    """Return a status with its name: 404 Not Found."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


class _Forbidden(EnvironmentProblem):
    pass


_DOING = {"GET": "read the comments", "POST": "comment", "PATCH": "change the comment", "PUT": "change the comment"}
