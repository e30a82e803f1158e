"""The one comment that alertc keeps on a pull request of GitHub, or a merge request of GitLab.

It is found again by the marker in its first line, and only among comments of our own account: whoever else writes the
marker is not overwritten, and cannot change what we said.

Sources: GitHub's REST API (issues/comments), GitLab's REST API (notes of merge requests), and the variables that both
set for the jobs of a pull request.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from generator.diagnostics import Unready

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LIMIT = 30
"""Seconds for each answer."""
_PAGE = 100
_ROBOT = "github-actions[bot]"
"""Who comments with the token of a workflow, which cannot ask for its own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment that is there already."""

    id: int
    body: str


class Request(Protocol):
    """A pull request or merge request: its own comments, and the two things that are done with one."""

    def own_comments(self) -> Iterator[Comment]:
        """Yield the comments of the account that the token belongs to, the oldest first."""

    def post(self, body: str) -> str:
        """Post a comment, and return its address."""

    def update(self, comment: Comment, body: str) -> str:
        """Change a comment, and return its address."""


def request(environment: Mapping[str, str]) -> Request:
    """Return the pull request that this job runs for; raises Unready where it runs for none, or lacks a token."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return _github(environment)
    if environment.get("GITLAB_CI") == "true":
        return _gitlab(environment)
    raise Unready(
        "this is neither a job of GitHub Actions nor of GitLab CI",
        help="`alertc diff --format markdown` prints the comment; post it as your forge does",
    )


def keep(request: Request, marker: str, body: str) -> str:
    """Make `body`, whose first line is the marker, the one comment; return what was done."""
    mine = [one for one in request.own_comments() if one.body.startswith(marker)]
    if not mine:
        return f"posted: {request.post(body)}"
    # Forges may end a text with or without a line feed.
    if mine[0].body.rstrip() == body.rstrip():
        return "the comment says so already"
    return f"updated: {request.update(mine[0], body)}"


# ------------------------------------------------------------------------------------------- GitHub


@dataclass(frozen=True, slots=True, kw_only=True)
class _GitHub:
    api: _Api
    repository: str
    number: int

    def own_comments(self) -> Iterator[Comment]:
        me = self.api.name_of_account("/user", "login") or _ROBOT
        for one in self.api.pages(f"/repos/{self.repository}/issues/{self.number}/comments"):
            if (one.get("user") or {}).get("login") == me:
                yield Comment(id=one["id"], body=one.get("body") or "")

    def post(self, body: str) -> str:
        path = f"/repos/{self.repository}/issues/{self.number}/comments"
        return str(self.api.send("POST", path, {"body": body})["html_url"])

    def update(self, comment: Comment, body: str) -> str:
        path = f"/repos/{self.repository}/issues/comments/{comment.id}"
        return str(self.api.send("PATCH", path, {"body": body})["html_url"])


def _github(environment: Mapping[str, str]) -> Request:
    event = _event(environment.get("GITHUB_EVENT_PATH", ""))
    number = (event.get("pull_request") or {}).get("number")
    if not isinstance(number, int):
        raise Unready("this job runs for no pull request", help="run it `on: pull_request`")
    token = environment.get("GITHUB_TOKEN")
    if not token:
        raise Unready("GITHUB_TOKEN is not set", help="give the step `env: GITHUB_TOKEN: ${{ github.token }}`")
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    url = environment.get("GITHUB_API_URL", "https://api.github.com")
    may = "`permissions: pull-requests: write` lets it; for a fork, GitHub never does"
    return _GitHub(
        api=_Api(url=url, headers=headers, may=may), repository=_set(environment, "GITHUB_REPOSITORY"), number=number
    )


def _event(path: str) -> Mapping[str, Any]:
    try:
        read = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
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
        for one in self.api.pages(f"{self.notes}?sort=asc"):
            if (one.get("author") or {}).get("username") == me:
                yield Comment(id=one["id"], body=one.get("body") or "")

    def post(self, body: str) -> str:
        return self._address(self.api.send("POST", self.notes, {"body": body}))

    def update(self, comment: Comment, body: str) -> str:
        return self._address(self.api.send("PUT", f"{self.notes}/{comment.id}", {"body": body}))

    def _address(self, note: Mapping[str, Any]) -> str:
        return f"{self.page}#note_{note['id']}"


def _gitlab(environment: Mapping[str, str]) -> Request:
    number = environment.get("CI_MERGE_REQUEST_IID")
    if not number:
        raise Unready(
            "this job runs for no merge request",
            help='give it the rule `if: $CI_PIPELINE_SOURCE == "merge_request_event"`',
        )
    token = environment.get("ALERTC_GITLAB_TOKEN")
    if not token:
        raise Unready(
            "ALERTC_GITLAB_TOKEN is not set",
            help="make a project access token of the scope `api` and set it as a masked variable of that name; the "
            "token of a job may not comment",
        )
    notes = f"/projects/{_set(environment, 'CI_PROJECT_ID')}/merge_requests/{number}/notes"
    page = f"{environment.get('CI_MERGE_REQUEST_PROJECT_URL', '')}/-/merge_requests/{number}"
    may = "the token needs the scope `api` and the role Reporter"
    headers = {"PRIVATE-TOKEN": token}
    return _GitLab(api=_Api(url=_set(environment, "CI_API_V4_URL"), headers=headers, may=may), notes=notes, page=page)


# ------------------------------------------------------------------------------------------- what both do


def _set(environment: Mapping[str, str], name: str) -> str:
    """Return a variable that each such job has."""
    if name not in environment:
        raise Unready(f"{name} is not set", help="run it in a job of the forge, which sets it")
    return environment[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Api:
    """A REST API. `may` says what lets us in where it does not."""

    url: str
    headers: Mapping[str, str]
    may: str

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the entries of a list, page after page."""
        joint = "&" if "?" in path else "?"
        number = 1
        while True:
            entries = self.send("GET", f"{path}{joint}per_page={_PAGE}&page={number}")
            if not isinstance(entries, list):
                raise self._unready("GET", path, "answers with no list")
            yield from (one for one in entries if isinstance(one, dict))
            if len(entries) < _PAGE:
                return
            number += 1

    def name_of_account(self, path: str, key: str) -> str | None:
        """Return whose token it is; None where the token may not ask."""
        try:
            found = self.send("GET", path)
        except _Forbidden:
            return None
        return str(found[key]) if isinstance(found, dict) and found.get(key) else None

    def send(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        """Return the answer; raises Unready where there is none, or one that refuses."""
        request = urllib.request.Request(  # noqa: S310  # the forge's own variable says where it is
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={**self.headers, "Content-Type": "application/json", "User-Agent": "alertc"},
        )
        try:
            with _OPENER.open(request, timeout=_LIMIT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                if error.code in (401, 403):
                    raise _Forbidden(f"{self.url} does not let this token {_DOING[method]}", help=self.may) from None
                raise self._unready(method, path, f"answers with {error.code} {error.reason}") from None
        except (OSError, ValueError) as error:
            raise self._unready(method, path, f"cannot be asked: {getattr(error, 'reason', error)}") from None

    def _unready(self, method: str, path: str, why: str) -> Unready:
        return Unready(f"{method} {self.url}{path.partition('?')[0]} {why}", help="run the job again, or look there")


class _Forbidden(Unready):
    pass


class _Nowhere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: our token is for nobody else."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Nowhere())

_DOING = {"GET": "read the comments", "POST": "comment", "PATCH": "change the comment", "PUT": "change the comment"}
