"""What stands before every operation on a blob: the container, conditions, leases. And how they weigh."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.cases.case import Recipe
from harness.golden.contract.answer import EXPECTED, Answer, Refusal, done, nothing, perhaps, refusal, refused
from harness.golden.contract.conditions import Truth, Verdict, asking, reading, writing
from harness.golden.contract.names import Names
from harness.golden.contract.request import Asked
from harness.golden.contract.state import NOTHING, UNKNOWN, Blob, Unknown, Version, World
from harness.golden.contract.tags import holds
from harness.golden.contract.text import literal, symbol
from harness.vocabulary import Level

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NO_CONTAINER = refused(404, "ContainerNotFound")
NO_BLOB = refused(404, "BlobNotFound")


@dataclass(slots=True)
class Checks:
    """The reasons that refuse a request for sure, and those that may."""

    sure: list[Refusal] = field(default_factory=list)
    maybe: list[Refusal] = field(default_factory=list)

    def add(self, refusal: Refusal | None) -> None:
        """A reason that holds."""
        if refusal is not None:
            self.sure.append(refusal)

    def take(self, verdict: Verdict) -> None:
        """What conditions say."""
        (self.sure if verdict.stops is Truth.YES else self.maybe).extend(verdict.refusals)

    @property
    def answer(self) -> Answer | None:
        """The refusal, where there surely is one."""
        return refusal([*self.sure, *self.maybe]) if self.sure else None


@dataclass(slots=True)
class Stage:
    """The request, the world that it meets, and the names for what servers choose."""

    asked: Asked
    world: World
    names: Names
    payloads: Mapping[str, Recipe]
    marks: list[object] = field(default_factory=list)  # the place at which a listing ended

    @property
    def blob(self) -> Blob:
        """What is known of the blob."""
        return self.world.blob(self.asked.container, self.asked.blob)

    @property
    def current(self) -> Version | None:
        """The blob as it is, where there is one."""
        return self.blob.current

    def put(self, blob: Blob) -> None:
        """Keep what is known of the blob."""
        self.world.put(self.asked.container, self.asked.blob, blob)

    def lose(self) -> None:
        """Nothing is known of the blob any more, but who holds its lock and which snapshots there were."""
        self.put(replace(self.blob, lost=True))

    def replace(self, blob: Blob) -> None:
        """The blob is written anew: what was there may live on as an old version."""
        if self.blob.there or self.blob.lost:
            self.world.container(self.asked.container).rewritten = True
        self.put(blob)

    def gone(self) -> None:
        """The blob is deleted, with all there was."""
        self.replace(NOTHING)

    def container(self) -> Answer | None:
        """The answer where the container decides: it is missing, or nobody knows."""
        exists = self.world.container(self.asked.container).exists
        if exists is UNKNOWN:
            return nothing(f"whether {self.asked.container} exists is not known")
        return None if exists else refusal([NO_CONTAINER])

    def lost(self) -> Answer | None:
        """The answer where nothing is known of the blob."""
        return nothing(f"nothing is known of {self.asked.blob} at this moment") if self.blob.lost else None

    def before_writing(
        self,
        checks: Checks,
        star: Refusal | None = None,
        codes: tuple[str, ...] = ("ConditionNotMet",),
        level: Level | None = None,
    ) -> None:
        """Conditions and lock of a write that replaces whatever is there."""
        wish = asking(self.asked)
        if self.blob.lost and not wish.none:
            checks.maybe.append(Refusal((400, 409, 412) if wish.several else (409, 412)))
        elif not self.blob.lost:
            missing = self.current is None
            unmet = Refusal((412,), codes if missing else codes[:1], EXPECTED if missing else level)
            if len(codes) > 1 and not missing:
                unmet = replace(unmet, code_level=EXPECTED)
            self._conditions(checks, unmet, star or unmet)
        self.lock(checks)

    def on_existing(self, checks: Checks, *, staged: bool = False, level: Level | None = None) -> None:
        """Whether the blob is there to be changed, and its conditions and lock. `staged`: blocks will do."""
        stated = not asking(self.asked).none or self.asked.said("x-ms-lease-id") is not None
        if self.current is not None:
            self.conditions(checks, level)
            self.lock(checks)
        elif staged and self.blob.staged:
            if stated:
                checks.maybe.append(replace(self.missing(), level=None))
        else:
            checks.add(self.missing())

    def archived(self, checks: Checks) -> None:
        """Whether an archived blob takes a change was never recorded."""
        if self.blob.tier in ("Archive", UNKNOWN):
            checks.maybe.append(Refusal((409,), ("BlobArchived",), EXPECTED))

    def missing(self) -> Refusal:
        """The refusal where there is no blob. What conditions and lease ids make of it was never recorded."""
        wish = asking(self.asked)
        if wish.none and self.asked.said("x-ms-lease-id") is None:
            return NO_BLOB
        return Refusal((400, 404, 412) if wish.several else (404, 412), (), EXPECTED)

    def decide(self, checks: Checks, success: Answer) -> Answer | None:
        """The answer where the checks refuse the request, or may; None where they let it through."""
        if (answer := checks.answer) is not None:
            return answer
        if checks.maybe:
            self.lose()
            return perhaps(success, checks.maybe, f"whether {self.asked.name} is done is not sure")
        return None

    def decide_read(self, checks: Checks) -> Answer | None:
        """The same for a read, which changes nothing."""
        if (answer := checks.answer) is not None:
            return answer
        if not checks.maybe:
            return None
        return perhaps(done(200, 206), checks.maybe, f"whether {self.asked.name} is served is not sure")

    def conditions(self, checks: Checks, level: Level | None = None) -> None:
        """The conditions of a change. Whether If-None-Match: * keeps one from what is there is not known."""
        self._conditions(checks, refused(412, "ConditionNotMet", level=level), None)

    def _conditions(self, checks: Checks, unmet: Refusal, star: Refusal | None) -> None:
        state = self.current.state if self.current else None
        checks.take(writing(asking(self.asked), state, self.world, lambda kind: unmet, star))
        self.tagged(checks)

    def tagged(self, checks: Checks) -> None:
        """A condition on tags."""
        asked = self.asked.header("x-ms-if-tags")
        if asked is None:
            return
        expression, tags = literal(asked), self.blob.tags
        if expression is None or tags is UNKNOWN or self.current is None:
            checks.maybe.append(Refusal((400, 412), (), EXPECTED))
            return
        truth = holds(expression, dict(tags))
        if truth is None:
            checks.add(Refusal((400,), ("InvalidHeaderValue", "InvalidInput"), EXPECTED))
        elif truth is not Truth.YES:
            unmet = refused(412, "ConditionNotMet", level=EXPECTED)
            (checks.sure if truth is Truth.NO else checks.maybe).append(unmet)

    def reading(self, checks: Checks, version: Version) -> None:
        """The conditions of a read."""
        checks.take(reading(self.asked, version, self.world))
        self.tagged(checks)

    # --- leases ---

    def lease_id(self, header: str = "x-ms-lease-id") -> str | Unknown | None:
        """The lease that a request names: an id, or the made-up name of one that the service chose."""
        value = self.asked.said(header)
        if value is None:
            return None
        name = symbol(value)
        if name is None:
            text = (literal(value) or "").lower()
            return text if _GUID.fullmatch(text) else UNKNOWN
        if name.startswith("guid"):
            return name
        bound = self.world.symbols.get(name)
        return str(bound.of) if bound is not None and bound.kind == "lease" else UNKNOWN

    def lock(self, checks: Checks, *, read: bool = False, level: Level | None = None) -> None:
        """Whether a lease keeps the request out."""
        lease, given = self.blob.lease, self.lease_id()
        if lease.state is UNKNOWN or given is UNKNOWN:
            if given is not None or not read:
                checks.maybe.append(Refusal((400, 412), (), EXPECTED))
            return
        level = EXPECTED if read or lease.state == "breaking" else level
        if lease.state in ("leased", "breaking"):
            if given is None and not read:
                checks.add(refused(412, "LeaseIdMissing", level=level))
            elif given is not None and given != lease.id:
                checks.add(refused(412, "LeaseIdMismatchWithBlobOperation", level=level))
        elif given is not None and lease.state == "broken":
            checks.add(refused(412, "LeaseLost", level=EXPECTED))
        elif given is not None and not self.blob.there:
            checks.add(Refusal((412,), (), EXPECTED))
        elif given is not None:
            checks.add(refused(412, "LeaseNotPresentWithBlobOperation", level=EXPECTED))
