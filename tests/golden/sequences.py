"""Random sequences of requests in one container, for holding the contract model against a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from harness.cases import case as c
from harness.golden.contract import Predicted, predict
from harness.golden.spec import GoldenStep
from harness.vocabulary import Level

NAMES = ("a", "b", "dir/a", "dir/b%20c", "dir/sub/x")
VERSION = ("x-ms-version", "2025-07-05")
_HERE = "/{own-container}"
_LIST = f"{_HERE}?restype=container&comp=list"
_SAVED = {"etag": "ETag", "modified": "Last-Modified", "snapshot": "x-ms-snapshot", "lease": "x-ms-lease-id"}

Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Making:
    """A sequence in the making: its steps so far, and the names that they have saved."""

    random: Random
    steps: list[GoldenStep] = field(default_factory=list)
    saved: dict[str, list[str]] = field(default_factory=dict)

    def send(
        self, line: str, headers: Headers = (), body: c.Recipe | None = None, saves: Sequence[str] = ()
    ) -> None:
        """One more step. What it saves is kept only where the model is sure that it is there."""
        method, _, target = line.partition(" ")
        after = tuple(step.name for step in self.steps[-1:])
        step = c.Step(method, target, (VERSION, *headers), body)
        self.steps.append(GoldenStep(f"step-{len(self.steps) + 1}", "", step, after))
        said = predict((), self.steps, {}).expects[-1]
        if said.status is None or max(said.status.value) >= 300:
            return
        found = [self._save(kind) for kind in saves if kind != "marker"]
        if "marker" in saves and any(isinstance(one.value, c.Matches) for _, one in said.xml):
            found.append(self._save("marker"))
        self.steps[-1] = replace(self.steps[-1], step=replace(step, save=tuple(found)))

    def _save(self, kind: str) -> c.Save:
        names = self.saved.setdefault(kind, [])
        names.append(f"{kind}-{len(names) + 1}")
        if kind == "marker":
            return c.Save(names[-1], "xml", "EnumerationResults/NextMarker")
        return c.Save(names[-1], "header", _SAVED[kind])

    # --- pieces of a request ---

    def blob(self) -> str:
        """The target of one of a few blobs."""
        return f"{_HERE}/{self.random.choice(NAMES)}"

    def name(self, kind: str, otherwise: str) -> str:
        """A saved value of this kind, where there is one."""
        return f"{{{self.random.choice(self.saved[kind])}}}" if self.saved.get(kind) else otherwise

    def maybe(self, *headers: tuple[str, str], often: float = 0.3) -> Headers:
        """One of these headers, or none."""
        return (self.random.choice(headers),) if self.random.random() < often else ()

    def conditions(self) -> Headers:
        """Now and then a condition or two."""
        if self.random.random() < 0.6:
            return ()
        dates = ("{now-1h}", "{now+1h}", "Thu, 01 Jan 2015 00:00:00 GMT", "no date")
        values = {
            "If-Match": self.name("etag", self.random.choice(("*", '"0x1"'))),
            "If-None-Match": self.random.choice(("*", '"0x1"', self.name("etag", "*"))),
            "If-Modified-Since": self.random.choice((*dates, self.name("modified", dates[0]))),
            "If-Unmodified-Since": self.random.choice((*dates, self.name("modified", dates[1]))),
        }
        chosen = self.random.sample(sorted(values), self.random.choice((1, 1, 1, 2)))
        return tuple((name, values[name]) for name in chosen)

    def lease(self) -> Headers:
        """Now and then a lease id."""
        ids = ("{guid:1}", "{guid:2}", self.name("lease", "{guid:1}"))
        return self.maybe(*(("x-ms-lease-id", one) for one in ids), often=0.25)

    def metadata(self) -> Headers:
        """Up to two names."""
        names = self.random.sample(("a", "B", "c_d"), self.random.choice((0, 0, 1, 2)))
        return tuple((f"x-ms-meta-{name}", self.random.choice(("1", "two words"))) for name in names)

    def properties(self, *more: tuple[str, str]) -> Headers:
        """Up to two properties."""
        all_of_them = (
            ("x-ms-blob-content-type", "text/plain"),
            ("x-ms-blob-cache-control", "no-cache"),
            ("x-ms-blob-content-encoding", "identity"),
            ("x-ms-blob-content-language", "en"),
            ("x-ms-blob-content-disposition", "inline"),
            *more,
        )
        return tuple(self.random.sample(all_of_them, self.random.choice((0, 0, 1, 2))))

    def content(self) -> c.Recipe:
        """A little content."""
        return self.random.choice(
            (
                c.Text(f"hello {self.random.randrange(9)}"),
                c.Random(self.random.choice((1, 100, 5000)), self.random.randrange(50)),
                c.Zeros(300),
                c.Slice(c.Random(9000, 3), 10, 2000),
            )
        )

    def source(self) -> Headers:
        """A copy source, mostly with a SAS, now and then with a condition."""
        sas = self.random.choice(("?{source-sas}", "?{source-sas}", "?{source-sas}", ""))
        conditions = tuple(
            (f"x-ms-source-if-{kind}", self.name("etag", '"0x1"')) for kind in ("match", "none-match")
        )
        url = f"{{url}}{_HERE}/{self.random.choice(NAMES)}{sas}"
        return (("x-ms-copy-source", url), *self.maybe(*conditions))


# --- requests ---


def _put(s: Making) -> None:
    more = s.maybe(
        ("x-ms-tags", "a=b&c=d"),
        *(("x-ms-access-tier", tier) for tier in ("Hot", "Cool", "Archive", "Lukewarm")),
    )
    kind = ("x-ms-blob-type", "BlockBlob")
    given = (kind, *s.metadata(), *s.properties(("Content-Type", "image/png")), *more)
    body = s.random.choice((None, s.content(), s.content()))
    s.send(f"PUT {s.blob()}", (*given, *s.conditions(), *s.lease()), body, ("etag", "modified"))


def _block(s: Making) -> None:
    number = s.random.randrange(4)
    s.send(f"PUT {s.blob()}?comp=block&blockid={{id:{number}}}", s.lease(), s.content())


def _commit(s: Making) -> None:
    which = ("Latest", "Latest", "Latest", "Committed", "Uncommitted")
    listed = c.BlockListXml(
        tuple(
            c.ListedBlock(s.random.choice(which), f"{{id:{s.random.randrange(4)}}}")  # type: ignore[arg-type]
            for _ in range(s.random.randrange(4))
        )
    )
    given = (*s.metadata(), *s.properties(), *s.conditions(), *s.lease())
    s.send(f"PUT {s.blob()}?comp=blocklist", given, listed, ("etag",))


def _read(s: Making) -> None:
    line = s.random.choice(("GET", "HEAD", "GET ?comp=metadata", "GET ?comp=tags"))
    method, _, query = line.partition(" ")
    s.send(f"{method} {s.blob()}{query}")


def _conditional_read(s: Making) -> None:
    method = s.random.choice(("GET", "HEAD"))
    s.send(f"{method} {s.blob()}", (*s.conditions(), *s.lease()))


def _range(s: Making) -> None:
    forms = ("0-0", "0-", "5-99", "90-", "0-99999", "-5", "100-200", "5000-")
    name = s.random.choice(("x-ms-range", "Range"))
    hashed = s.maybe(("x-ms-range-get-content-md5", "true"))
    s.send(f"GET {s.blob()}", ((name, f"bytes={s.random.choice(forms)}"), *hashed, *s.conditions()))


def _list(s: Making) -> None:
    places = ("", "&prefix=dir/", "&delimiter=/", "&prefix=dir%2F&delimiter=%2F", "&prefix=d&delimiter=/")
    include = ("", "&include=metadata", "&include=uncommittedblobs,tags", "&include=snapshots")
    s.send(f"GET {_LIST}{s.random.choice(places)}{s.random.choice(include)}")


def _page(s: Making) -> None:
    marker = s.name("marker", "") if s.random.random() < 0.6 else ""
    on = f"&marker={marker}" if marker else ""
    s.send(f"GET {_LIST}&maxresults={s.random.choice((1, 2, 3))}{on}", saves=("marker",))


def _change(s: Making) -> None:
    if s.random.random() < 0.5:
        given = s.metadata()
        s.send(f"PUT {s.blob()}?comp=metadata", (*given, *s.conditions(), *s.lease()))
    else:
        given = s.properties(("x-ms-blob-content-md5", "AQIDBA=="))
        s.send(f"PUT {s.blob()}?comp=properties", (*given, *s.conditions(), *s.lease()))


def _delete(s: Making) -> None:
    how = s.maybe(("x-ms-delete-snapshots", "include"), ("x-ms-delete-snapshots", "only"))
    s.send(f"DELETE {s.blob()}", (*how, *s.conditions(), *s.lease()))


def _snapshot(s: Making) -> None:
    s.send(f"PUT {s.blob()}?comp=snapshot", (*s.metadata(), *s.conditions()), saves=("snapshot",))


def _of_snapshot(s: Making) -> None:
    name = s.name("snapshot", "")
    taken = next((step for step in s.steps if any(f"{{{one.name}}}" == name for one in step.step.save)), None)
    if taken is not None:
        target = taken.step.target.partition("?")[0]
        s.send(f"{s.random.choice(('GET', 'HEAD', 'DELETE'))} {target}?snapshot={name}")


def _lease(s: Making) -> None:
    action = s.random.choice(("acquire", "acquire", "renew", "change", "release", "break"))
    given: list[tuple[str, str]] = [("x-ms-lease-action", action)]
    one_of_two = ("{guid:1}", "{guid:2}")
    if action == "acquire":
        given.append(("x-ms-lease-duration", s.random.choice(("-1", "60", "5"))))
        given += s.maybe(*(("x-ms-proposed-lease-id", one) for one in one_of_two), often=0.7)
    if action in ("renew", "change", "release"):
        given.append(("x-ms-lease-id", s.random.choice(one_of_two)))
    if action == "change":
        given.append(("x-ms-proposed-lease-id", s.random.choice(("{guid:1}", "{guid:3}"))))
    if action == "break":
        given += s.maybe(("x-ms-lease-break-period", "0"), ("x-ms-lease-break-period", "40"), often=0.5)
    saves = ("lease",) if action == "acquire" else ()
    s.send(f"PUT {s.blob()}?comp=lease", (*given, *s.conditions()), saves=saves)


def _mark(s: Making) -> None:
    if s.random.random() < 0.5:
        tier = s.random.choice(("Hot", "Cool", "Archive", "Lukewarm"))
        s.send(f"PUT {s.blob()}?comp=tier", (("x-ms-access-tier", tier), *s.lease()))
        return
    keys = s.random.sample("pqr", s.random.randrange(3))
    tags = "".join(f"<Tag><Key>{key}</Key><Value>v {key}</Value></Tag>" for key in keys)
    s.send(f"PUT {s.blob()}?comp=tags", s.lease(), c.Xml(f"<Tags><TagSet>{tags}</TagSet></Tags>"))


def _block_list(s: Making) -> None:
    kind = s.random.choice(("", "&blocklisttype=all", "&blocklisttype=uncommitted"))
    s.send(f"GET {s.blob()}?comp=blocklist{kind}")


def _copy(s: Making) -> None:
    how = s.random.choice(("copy", "synchronous", "url", "block"))
    if how == "block":
        part = s.maybe(("x-ms-source-range", "bytes=0-3"), often=0.5)
        target = f"{s.blob()}?comp=block&blockid={{id:{s.random.randrange(4)}}}"
        s.send(f"PUT {target}", (*s.source(), *part))
        return
    kinds: dict[str, Headers] = {
        "copy": (),
        "synchronous": (("x-ms-requires-sync", "true"),),
        "url": (("x-ms-blob-type", "BlockBlob"), *s.properties()),
    }
    s.send(f"PUT {s.blob()}", (*s.source(), *kinds[how], *s.metadata(), *s.conditions(), *s.lease()))


def _append(s: Making) -> None:
    if s.random.random() < 0.5:
        kind = ("x-ms-blob-type", "AppendBlob")
        s.send(f"PUT {s.blob()}", (kind, *s.metadata(), *s.conditions(), *s.lease()))
        return
    at = s.maybe(("x-ms-blob-condition-appendpos", "0"), ("x-ms-blob-condition-appendpos", "7"))
    s.send(f"PUT {s.blob()}?comp=appendblock", (*at, *s.conditions(), *s.lease()), s.content())


def _container(s: Making) -> None:
    place = f"{_HERE}?restype=container"
    if s.random.random() < 0.5:
        s.send(f"PUT {place}&comp=metadata", s.metadata())
    else:
        s.send(f"{s.random.choice(('GET', 'HEAD'))} {place}")


def _batch(s: Making) -> None:
    parts = tuple(c.BatchPart("DELETE", f"{_HERE}/{name}") for name in s.random.sample(NAMES, 2))
    s.send("POST /?comp=batch", body=c.Batch(parts))


_REQUESTS: tuple[tuple[Callable[[Making], None], int], ...] = (
    (_put, 4),
    (_block, 4),
    (_commit, 3),
    (_read, 2),
    (_conditional_read, 2),
    (_range, 2),
    (_list, 2),
    (_page, 2),
    (_change, 2),
    (_delete, 2),
    (_snapshot, 1),
    (_of_snapshot, 2),
    (_lease, 2),
    (_mark, 2),
    (_block_list, 1),
    (_copy, 4),
    (_append, 2),
    (_container, 1),
    (_batch, 1),
)


def sequence(random: Random) -> tuple[GoldenStep, ...]:
    """Three to fifteen steps, one after the other."""
    made = Making(random)
    requests, weights = zip(*_REQUESTS, strict=True)
    for request in random.choices(requests, weights, k=random.randrange(3, 16)):
        request(made)
    return tuple(made.steps)


def as_case(identity: str, steps: Sequence[GoldenStep], said: Predicted) -> c.Case:
    """Steps as a case that expects what was predicted, and then reads the final state."""
    sent = [
        replace(one.step, expect=expect, save=(*one.step.save, *said.saves.get(number, ())))
        for number, (one, expect) in enumerate(zip(steps, said.expects, strict=True))
    ]
    return c.Case(
        id=identity,
        title="A sequence",
        operation="Put Blob",
        level=Level.REQUIRED,
        why="The model of the contract must say nothing that a conforming service does not do.",
        tests=(),
        source=(),
        provenance={},
        steps=(*sent, *said.then),
    )
