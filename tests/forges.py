"""Plays the comments of GitHub and of GitLab on loopback: what their REST APIs promise of lists, pages and accounts."""

import contextlib
import json
import re
import urllib.parse

from tests.serving import Quiet, served

TOKEN = "a-token"


class Forge:
    """Who wrote which comments. `me` is the account of the token; None: the token may not ask."""

    def __init__(self, kind, me):
        self.kind, self.me = kind, me
        self.comments = []
        self.refuses = False
        self.url = ""

    def write(self, author, body):
        number = len(self.comments) + 1
        self.comments.append({"id": number, "author": author, "body": body})
        return number

    def answer(self, method, path, query, headers, body):
        """Return the status and the answer."""
        given = headers.get("Authorization") == f"Bearer {TOKEN}" or headers.get("PRIVATE-TOKEN") == TOKEN
        if not given:
            return 401, {"message": "Bad credentials"}
        if path == "/user":
            return (200, {"login": self.me, "username": self.me}) if self.me else (403, {"message": "not for this"})
        if self.refuses and method != "GET":
            return 403, {"message": "Resource not accessible by integration"}
        lists, one = {
            "github": (r"/repos/shop/policy/issues/7/comments", r"/repos/shop/policy/issues/comments/(\d+)"),
            "gitlab": (r"/projects/12/merge_requests/7/notes", r"/projects/12/merge_requests/7/notes/(\d+)"),
        }[self.kind]
        if re.fullmatch(lists, path) and method == "GET":
            size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
            assert size <= 100, "no forge gives more"
            return 200, [self._shown(comment) for comment in self.comments[size * (page - 1) : size * page]]
        if re.fullmatch(lists, path) and method == "POST":
            number = self.write(self.me or "github-actions[bot]", body["body"])
            return 201, self._shown(self.comments[number - 1])
        found = re.fullmatch(one, path)
        if found and method == {"github": "PATCH", "gitlab": "PUT"}[self.kind]:
            comment = self.comments[int(found[1]) - 1]
            comment["body"] = body["body"]
            return 200, self._shown(comment)
        return 404, {"message": "Not Found"}

    def _shown(self, comment):
        who = {"login": comment["author"], "username": comment["author"]}
        page = f"https://forge.example/shop/policy/pull/7#issuecomment-{comment['id']}"
        return {"id": comment["id"], "body": comment["body"], "user": who, "author": who, "html_url": page}


@contextlib.contextmanager
def forge(kind, me=None):
    played = Forge(kind, me)

    class Handler(Quiet):
        def do(self):
            asked = urllib.parse.urlsplit(self.path)
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            status, answer = played.answer(
                self.command, asked.path, urllib.parse.parse_qs(asked.query), self.headers, body
            )
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    for method in ("GET", "POST", "PATCH", "PUT"):
        setattr(Handler, f"do_{method}", Handler.do)
    with served(Handler) as address:
        played.url = f"http://{address}"
        yield played
