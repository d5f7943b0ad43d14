"""Plain values of one case file to a Case. Shapes are checked by the schema first; meanings here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from harness.cases import case as c
from harness.cases.errors import CaseError
from harness.cases.marks import Marked, Path
from harness.vocabulary import Level

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_WORDS: dict[str, c.Matcher] = {
    "absent": c.Absent(),
    "present": c.Present(),
    "etag": c.Shaped("etag"),
    "date": c.Shaped("date"),
    "guid": c.Shaped("guid"),
}
T = TypeVar("T")
Which = Literal["Latest", "Committed", "Uncommitted"]
_WHICH: dict[str, Which] = {"latest": "Latest", "committed": "Committed", "uncommitted": "Uncommitted"}


class Parser:
    """Reads one checked file; every complaint names its line."""

    def __init__(self, marked: Marked, payloads: Mapping[str, c.Recipe] | None = None) -> None:
        self._marked = marked
        self._payloads = payloads

    def wrong(self, path: Path, message: str) -> CaseError:
        """The error that names the line of a value."""
        return CaseError(self._marked.file, self._marked.line(path), message)

    def case(self, value: Mapping[str, Any]) -> c.Case:
        """The whole file."""
        return c.Case(
            id=value["id"],
            title=value["title"],
            operation=value["operation"],
            level=Level(value["level"]),
            why=" ".join(value["why"].split()),
            tests=tuple(value["tests"]),
            source=tuple(value["source"]),
            provenance={key: str(text) for key, text in value["provenance"].items()},
            needs=tuple(value.get("needs", ())),
            since=value.get("since"),
            when=tuple(value.get("when", {}).items()),
            given=self.steps(value.get("given", []), ("given",)),
            steps=self.steps(value["steps"], ("steps",)),
            file=self._marked.file,
            line=self._marked.line(()),
        )

    def steps(self, values: list[Any], path: Path) -> tuple[c.Step, ...]:
        """The steps of a list."""
        return tuple(self._step(value, (*path, i)) for i, value in enumerate(values))

    def _step(self, value: Mapping[str, Any], path: Path) -> c.Step:
        method, _, target = value["send"].partition(" ")
        target = self.target(target.strip(), (*path, "send"))
        parallel = value.get("parallel")
        return c.Step(
            method=method,
            target=target,
            headers=tuple(self.headers(value.get("headers", {}), (*path, "headers"))),
            body=self.recipe(value["body"], (*path, "body")) if "body" in value else None,
            chunked=value.get("chunked", False),
            stop_after=self._stop(value, path),
            auth=value.get("auth", "default"),
            expect=self.expect(value["expect"], (*path, "expect")),
            before=tuple(
                (date, self.expect(said, (*path, "before", date)))
                for date, said in value.get("before", {}).items()
            ),
            save=tuple(_save(name, where) for name, where in value.get("save", {}).items()),
            why=value.get("why"),
            tests=tuple(value.get("tests", ())),
            parallel=None if parallel is None else str(parallel),
            repeat=value.get("repeat"),
            wait=_seconds(value.get("wait")),
            within=_seconds(value.get("within")),
            fresh_connection=value.get("connection", "same") == "new",
            face=value.get("face"),
            line=self._marked.line(path),
        )

    def _stop(self, value: Mapping[str, Any], path: Path) -> int | None:
        """After how many bytes of its body a step hangs up."""
        if "stop-after" not in value:
            if "answer" in value["expect"]:
                raise self.wrong((*path, "expect", "answer"), "answer: none is for a step with stop-after")
            return None
        if value["expect"] != {"answer": "none"} or {"save", "parallel", "before"} & set(value):
            raise self.wrong(
                (*path, "stop-after"),
                "whoever hangs up gets no answer: expect: {answer: none}, and nothing to save, alone",
            )
        return self._size(value["stop-after"], (*path, "stop-after"))

    def target(self, text: str, path: Path) -> str:
        """A target that can stand on a request line as it is; what a placeholder brings is encoded later."""
        if not text.startswith("/"):
            raise self.wrong(path, f"a target begins with '/': {text!r}")
        if re.search(r"[\s\x00-\x20\x7f]", text):
            raise self.wrong(path, f"a target holds no white space: {text!r}")
        if not text.isascii():
            raise self.wrong(path, f"a target is ASCII; write the rest percent-encoded: {text!r}")
        return text

    def headers(self, value: Mapping[str, Any] | list[str], path: Path) -> list[tuple[str, str | None]]:
        """Headers as a mapping; or, as they were sent, a list of `Name: value`."""
        if isinstance(value, list):
            return [self._header(line, (*path, i)) for i, line in enumerate(value)]
        out: list[tuple[str, str | None]] = []
        for name, said in value.items():
            for item in said if isinstance(said, list) else [said]:
                text = None if item is None else _text(item)
                if text is not None and ("\r" in text or "\n" in text):
                    raise self.wrong((*path, name), "a header value holds no line break")
                if text is not None and any(character > "\xff" for character in text):
                    raise self.wrong((*path, name), "a header value is Latin-1; no other bytes are agreed")
                out.append((name, text))
        return out

    def _header(self, line: Any, path: Path) -> tuple[str, str]:
        name, colon, text = str(line).partition(":")
        if not colon or any(character in text for character in "\r\n"):
            raise self.wrong(path, f"a header is `Name: value` on one line, not {line!r}")
        return name, text.removeprefix(" ")

    # --- expectations ---

    def expect(self, value: Mapping[str, Any], path: Path) -> c.Expect:
        """What a step expects back."""
        parts = value.get("parts")
        return c.Expect(
            status=self._graded(value.get("status"), (*path, "status"), self._statuses),
            error=self._graded(value.get("error"), (*path, "error"), self._codes),
            headers=self._matchers(value.get("headers", {}), (*path, "headers"), lists=False),
            body=self._graded(value.get("body"), (*path, "body"), self._body),
            xml=self._matchers(value.get("xml", {}), (*path, "xml"), lists=True),
            parts=None
            if parts is None
            else tuple(
                self._part(part, (*path, "parts", i))
                for i, part in enumerate(parts)
                for _ in range(part.get("count", 1))
            ),
        )

    def _part(self, value: Mapping[str, Any], path: Path) -> c.PartExpect:
        return c.PartExpect(
            status=self._graded(value.get("status"), path, self._statuses),
            error=self._graded(value.get("error"), path, self._codes),
        )

    def _graded(self, value: Any, path: Path, parse: Callable[[Any, Path], T]) -> c.Graded[T] | None:
        if value is None:
            return None
        if isinstance(value, dict) and "is" in value:
            if extra := set(value) - {"is", "level", "why", "since"}:
                raise self.wrong(path, f"unknown key {sorted(extra)[0]!r} beside `is`")
            level = value.get("level")
            if level is not None and level not in tuple(Level):
                raise self.wrong(
                    (*path, "level"), f"{level!r} is no level; use required, expected or observed"
                )
            since = value.get("since")
            if since is not None and not _DATE.fullmatch(str(since)):
                raise self.wrong((*path, "since"), f"{since!r} is no service version; write 2019-02-02")
            inner = parse(value["is"], (*path, "is"))
            return c.Graded(inner, None if level is None else Level(level), value.get("why"), since)
        return c.Graded(parse(value, path))

    def _statuses(self, value: Any, path: Path) -> tuple[int, ...]:
        return tuple(value) if isinstance(value, list) else (value,)

    def _codes(self, value: Any, path: Path) -> tuple[str, ...]:
        return tuple(value) if isinstance(value, list) else (value,)

    def _body(self, value: Any, path: Path) -> c.Recipe | c.Empty | c.Matches:
        if not isinstance(value, dict):
            raise self.wrong(path, "a body expectation is a recipe, {empty: true} or {matches: REGEX}")
        if value == {"empty": True}:
            return c.Empty()
        if set(value) == {"matches"}:
            return self._regex(value["matches"], path)
        return self.recipe(value, path)

    def _matchers(
        self, value: Mapping[str, Any], path: Path, *, lists: bool
    ) -> tuple[tuple[str, c.Graded[c.Matcher]], ...]:
        out = []
        for name, said in value.items():
            here = (*path, name)
            graded = self._graded(said, here, lambda item, at: self.matcher(item, at, lists=lists))
            if graded is None:
                raise self.wrong(here, "null matches nothing; write absent")
            out.append((name, graded))
        return tuple(out)

    def matcher(self, value: Any, path: Path, *, lists: bool) -> c.Matcher:
        """One matcher. `lists`: whether a list is allowed (XML paths)."""
        if isinstance(value, list):
            if not lists:
                raise self.wrong(path, "a header has one value; use one-of for alternatives")
            return c.EqualList(tuple(_text(item) for item in value))
        if not isinstance(value, dict):
            return _WORDS.get(_text(value)) or c.Equal(_text(value))
        if len(value) != 1:
            raise self.wrong(path, f"a matcher has one key, not {', '.join(sorted(value)) or 'none'}")
        ((kind, said),) = value.items()
        here = (*path, kind)
        match kind:
            case "matches":
                return self._regex(said, here)
            case "one-of":
                if not isinstance(said, list) or not said:
                    raise self.wrong(here, "one-of needs a list")
                return c.OneOf(tuple(_text(item) for item in said))
            case "equals":
                return c.Equal(_text(said))
            case "not":
                return c.Not(_text(said))
            case "contains":
                return c.Contains(_text(said))
            case "md5-of":
                return c.Md5Of(self.recipe(said, here))
            case "crc64-of":
                return c.Crc64Of(self.recipe(said, here))
        known = "matches, one-of, equals, not, contains, md5-of, crc64-of, is"
        raise self.wrong(here, f"unknown matcher {kind!r}; there are {known}")

    def _regex(self, value: Any, path: Path) -> c.Matches:
        text = _text(value)
        try:
            re.compile(re.sub(r"\{[a-z][^{}]*\}", "x", text))
        except re.error as error:
            raise self.wrong(path, f"bad regular expression {text!r}: {error}") from None
        return c.Matches(text)

    # --- recipes ---

    def recipe(self, value: Any, path: Path) -> c.Recipe:
        """One body recipe."""
        if not isinstance(value, dict):
            raise self.wrong(path, "a body is a recipe, such as {text: hello}")
        keys = set(value)
        if self._payloads is not None and "payload" in keys:
            return self._payload(value, path)
        for key, companions in _RECIPES.items():
            if key in keys:
                if missing := companions - keys:
                    raise self.wrong(path, f"{key} needs {sorted(missing)[0]}")
                if extra := keys - companions - _MAY_HAVE.get(key, frozenset()) - {key}:
                    raise self.wrong(path, f"unknown key {sorted(extra)[0]!r} beside {key}")
                return self._recipe(key, value, path)
        raise self.wrong(path, f"no recipe among {', '.join(sorted(keys))}; there are {', '.join(_RECIPES)}")

    def _payload(self, value: Mapping[str, Any], path: Path) -> c.Recipe:
        """A payload that the file names at its top, or a part of it."""
        known = self._payloads or {}
        if value["payload"] not in known:
            raise self.wrong(path, f"no payload is called {value['payload']!r}; there are {', '.join(known)}")
        whole = known[value["payload"]]
        if set(value) == {"payload"}:
            return whole
        if set(value) != {"payload", "from", "to"}:
            raise self.wrong(path, "a part of a payload has from and to, both inclusive")
        first, last = (self._whole(value[key], (*path, key)) for key in ("from", "to"))
        return c.Slice(whole, first, last)

    def _recipe(self, kind: str, value: Mapping[str, Any], path: Path) -> c.Recipe:
        said, here = value[kind], (*path, kind)
        match kind:
            case "text":
                return c.Text(_text(said))
            case "xml":
                return c.Xml(_text(said))
            case "hex":
                try:
                    return c.Hex(bytes.fromhex(_text(said)))
                except ValueError:
                    raise self.wrong(here, f"{said!r} is not hexadecimal") from None
            case "random":
                return c.Random(self._size(said, here), self._whole(value["seed"], (*path, "seed")))
            case "zeros":
                return c.Zeros(self._size(said, here))
            case "slice":
                first = self._whole(value["from"], (*path, "from"))
                last = self._whole(value["to"], (*path, "to"))
                return c.Slice(self.recipe(said, here), first, last)
            case "join":
                return c.Join(tuple(self.recipe(item, (*here, i)) for i, item in enumerate(said)))
            case "blocklist":
                entries = tuple(self._listed(item, (*here, i)) for i, item in enumerate(said))
                ours = c.BlockListXml(entries)
                return c.BlockListXml(
                    entries,
                    opening=value.get("opening", ours.opening),
                    closing=value.get("closing", ours.closing),
                    between=value.get("between", ours.between),
                )
        parts = tuple(self._batch_part(item, (*here, i)) for i, item in enumerate(said))
        return c.Batch(parts, value.get("boundary"), value.get("closing", c.Batch(parts).closing))

    def _listed(self, value: Any, path: Path) -> c.ListedBlock:
        which = sorted(set(value) & set(_WHICH)) if isinstance(value, dict) else []
        if len(which) != 1 or set(value) - {which[0], "count"}:
            raise self.wrong(
                path, "an entry is {latest: ID}, {committed: ID} or {uncommitted: ID}, and may have count"
            )
        count = self._whole(value.get("count", 1), path)
        return c.ListedBlock(_WHICH[which[0]], _text(value[which[0]]), count)

    def _batch_part(self, value: Any, path: Path) -> c.BatchPart:
        said = value if isinstance(value, dict) else {}
        kind = next((key for key in ("delete", "send") if key in said), None)
        if kind is None or set(said) - {kind, "headers", "auth", "count", "mime"}:
            raise self.wrong(
                path,
                "a sub-request is {delete: TARGET} or {send: METHOD TARGET}, with headers, auth and count",
            )
        method, text = ("DELETE", _text(said[kind]))
        if kind == "send":
            method, _, text = text.partition(" ")
        headers = self.headers(said.get("headers", {}), (*path, "headers"))
        mime = self.headers(said.get("mime", {}), (*path, "mime"))
        return c.BatchPart(
            method,
            self.target(text.strip(), (*path, kind)),
            said.get("auth", "default"),
            tuple((name, text) for name, text in headers if text is not None),
            self._whole(said.get("count", 1), path),
            tuple((name, text) for name, text in mime if text is not None),
        )

    def _size(self, value: Any, path: Path) -> int:
        match = re.fullmatch(r"(\d+) ?(B|KiB|MiB|GiB)?", _text(value))
        if match is None:
            raise self.wrong(path, f"{value!r} is no size; write 4096, 4KiB, 4MiB or 4GiB")
        return int(match[1]) * _UNITS[match[2] or "B"]

    def _whole(self, value: Any, path: Path) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(path, f"{value!r} is no whole number")
        return value


_RECIPES: dict[str, frozenset[str]] = {
    "text": frozenset(),
    "xml": frozenset(),
    "hex": frozenset(),
    "random": frozenset({"seed"}),
    "zeros": frozenset(),
    "slice": frozenset({"from", "to"}),
    "join": frozenset(),
    "blocklist": frozenset(),
    "batch": frozenset(),
}
_MAY_HAVE = {
    "blocklist": frozenset({"opening", "closing", "between"}),
    "batch": frozenset({"boundary", "closing"}),
}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _save(name: str, where: str | Mapping[str, str]) -> c.Save:
    if isinstance(where, str):
        return c.Save(name, "header", where)
    return c.Save(name, "xml", where["xml"])


def _seconds(value: str | None) -> float:
    if value is None:
        return 0.0
    return float(value[:-2]) / 1000 if value.endswith("ms") else float(value[:-1])
