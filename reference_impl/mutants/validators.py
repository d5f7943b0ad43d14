"""Mutants of conditional requests: what is compared, how conditions combine, and what an unmet one earns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, mutant, put
from reference_impl.operations import blocks, changing, reading, writing
from reference_impl.operations import put as putting
from reference_impl.operations.call import Call
from reference_impl.protocol import conditions
from reference_impl.protocol.conditions import NONE, Conditions, State
from reference_impl.protocol.errors import BlobError
from reference_impl.store import BlobRecord

Check = Callable[[Conditions, State], None]
Holds = Callable[[Conditions, State | None], bool]


@mutant(
    "if-modified-since-ignored",
    breaks=("conditions.read-if-modified-since", "conditions.write-if-modified-since"),
)
def if_modified_since_ignored(patch: Patch) -> None:
    """If-Modified-Since is not looked at: mirrors load every file again, every night."""
    patch.wrap(conditions, "parse", lambda right: lambda *of: replace(right(*of), if_modified_since=None))


@mutant("unmet-write-answers-304", breaks="conditions.write-if-none-match")
def unmet_write_answers_304(patch: Patch) -> None:
    """A write whose If-None-Match fails is 304, as if it were a read: clients take it for success."""

    def make(right: Check) -> Check:
        def wrong(found: Conditions, state: State) -> None:
            try:
                right(found, state)
            except BlobError as error:
                if found.if_none_match and error.status == 412:
                    error.status = 304
                raise

        return wrong

    patch.wrap(conditions, "check_write", make)


@mutant("if-match-creates", breaks="conditions.missing")
def if_match_creates(patch: Patch) -> None:
    """If-Match on a blob that is not there makes one: an update brings back what somebody has deleted."""

    def make(right: Holds) -> Holds:
        return lambda found, state: state is None or right(found, state)

    patch.wrap(conditions, "write_holds", make)


@mutant("read-of-nothing-answers-412", breaks="conditions.read-missing")
def read_of_nothing_answers_412(patch: Patch) -> None:
    """A conditional read of a missing blob is 412, not 404: clients wait for a change that never comes."""

    def make(right: Callable[[Call, BlobError], Response]) -> Callable[[Call, BlobError], Response]:
        def wrong(self: Call, error: BlobError) -> Response:
            if error.code == "BlobNotFound" and self.header("if-match") and self.request.method != "PUT":
                return right(self, BlobError("ConditionNotMet"))
            return right(self, error)

        return wrong

    patch.wrap(Call, "refuse", make)


@mutant("read-star-answers-304", breaks="conditions.read-star")
def read_star_answers_304(patch: Patch) -> None:
    """If-None-Match: * on a read is 304, as the standard has it, and not the 400 that Azure gives."""
    patch.replace(conditions, "refuse_unsatisfiable", lambda _found: None)


@mutant("commit-ignores-conditions", breaks="conditions.put-block-list")
def commit_ignores_conditions(patch: Patch) -> None:
    """Put Block List looks at no condition: two writers of one large file overwrite each other."""
    unconditional(patch, blocks, "put_block_list")


@mutant("delete-ignores-conditions", breaks="conditions.delete-blob")
def delete_ignores_conditions(patch: Patch) -> None:
    """Delete Blob looks at no condition: a clean-up deletes what was written a moment ago."""
    unconditional(patch, changing, "delete")


@mutant("set-metadata-ignores-conditions", breaks="conditions.set-blob-metadata")
def set_metadata_ignores_conditions(patch: Patch) -> None:
    """Set Blob Metadata looks at no condition: two clients that mark a blob as theirs both succeed."""
    unconditional(patch, changing, "set_metadata")


@mutant("head-ignores-conditions", breaks="conditions.get-blob-properties")
def head_ignores_conditions(patch: Patch) -> None:
    """HEAD looks at no condition: a cache that asks whether its copy is fresh is told nothing."""

    def make(right: Callable[[Call], Any]) -> Callable[[Call], Any]:
        async def wrong(call: Call) -> Response:
            with patch.meanwhile(reading, "check_readable", lambda _found, _record: None):
                response: Response = await right(call)
            return response

        return wrong

    patch.wrap(reading, "get_properties", make)


def unconditional(patch: Patch, module: Any, name: str) -> None:
    """Have one operation of a module see no conditions; the module asks `writing.own_conditions` for them."""
    asked = writing.own_conditions
    blind: set[int] = set()
    patch.replace(writing, "own_conditions", lambda call: NONE if id(call) in blind else asked(call))

    def make(right: Callable[[Call], Any]) -> Callable[[Call], Any]:
        async def wrong(call: Call) -> Response:
            blind.add(id(call))
            try:
                response: Response = await right(call)
            finally:
                blind.discard(id(call))
            return response

        return wrong

    patch.wrap(module, name, make)


@mutant("staged-blocks-count-as-a-blob", breaks="conditions.create-only-staged")
def staged_blocks_count_as_a_blob(patch: Patch) -> None:
    """If-None-Match: * fails where blocks are staged: a retried upload that must not overwrite never ends."""
    current = writing.current

    async def wrong(call: Call) -> BlobRecord | None:
        record: BlobRecord | None = await current(call)
        if record is None and call.header("if-none-match") == "*":
            store = call.service.store
            try:
                found = await call.service.run(store.block_list, call.account, call.container, call.blob)
            except Exception:
                return None
            if found.uncommitted:
                raise BlobError("BlobAlreadyExists")
        return record

    patch.replace(writing, "current", wrong)


@mutant("etag-compared-with-quotes", breaks=("conditions.read-if-match", "conditions.write-if-match"))
def etag_compared_with_quotes(patch: Patch) -> None:
    """An ETag in quotes, as clients send it, never matches: guarded writes and resumed reads all fail."""
    patch.replace(
        conditions,
        "_etags",
        lambda values: tuple(part.strip() for value in values for part in value.split(",") if part.strip()),
    )


@mutant("dates-compared-with-fractions", breaks="conditions.own-date")
def dates_compared_with_fractions(patch: Patch) -> None:
    """A blob is younger than its own Last-Modified, which has no fractions: AzCopy's downloads are 412."""
    patch.wrap(
        conditions,
        "_modified_after",
        lambda right: lambda since, state: right(since, State(state.etag, state.modified + 1)),
    )


@mutant("one-condition-is-enough", breaks="conditions.pairs")
def one_condition_is_enough(patch: Patch) -> None:
    """Of If-Match and If-Unmodified-Since one that holds is enough: a changed blob is read as the old one."""

    def make(right: Check) -> Check:
        def wrong(found: Conditions, state: State) -> None:
            if found.if_match and found.if_unmodified_since is not None:
                for alone in (
                    replace(found, if_match=()),
                    replace(found, if_unmodified_since=None),
                ):
                    try:
                        return right(alone, state)
                    except BlobError:
                        continue
            return right(found, state)

        return wrong

    patch.wrap(conditions, "check_read", make)


@mutant("write-conditions-combine", breaks="conditions.write-pairs-refused")
def write_conditions_combine(patch: Patch) -> None:
    """Any pair of conditions is taken on a write, and some of them not looked at."""
    patch.replace(conditions, "refuse_combinations", lambda _found: None)


@mutant("first-etag-only", breaks="conditions.etag-lists")
def first_etag_only(patch: Patch) -> None:
    """Of a list of ETags only the first is compared: a cache that holds several versions never hits."""
    patch.wrap(conditions, "_matches", lambda right: lambda etags, state: right(etags[:1], state))


@mutant("not-modified-has-a-type", breaks=("conditions.not-modified", "wire.not-modified"))
def not_modified_has_a_type(patch: Patch) -> None:
    """A 304 names an ETag and a type: caches replace what they stored of the real answer."""

    def make(right: Callable[[Call, BlobError], Response]) -> Callable[[Call, BlobError], Response]:
        def wrong(self: Call, error: BlobError) -> Response:
            response = right(self, error)
            if error.status == 304:
                put(response, "ETag", '"0x8DD000000000000"')
                put(response, "Content-Type", "application/octet-stream")
            return response

        return wrong

    patch.wrap(Call, "refuse", make)


@mutant("refused-write-is-done", breaks="conditions.writes")
def refused_write_is_done(patch: Patch) -> None:
    """A Put Blob whose condition fails is refused with 412, and done all the same: a lost update."""
    write = putting.put_blob

    async def wrong(call: Call) -> Response:
        try:
            return await write(call)
        except BlobError as error:
            if error.code != "ConditionNotMet":
                raise
            with patch.meanwhile(writing, "own_conditions", lambda _call: NONE):
                await write(call)
            raise

    patch.replace(putting, "put_blob", wrong)


@mutant("put-block-takes-conditions", breaks="conditions.ignored")
def put_block_takes_conditions(patch: Patch) -> None:
    """Put Block acts on conditions: clients that send the same headers with every part of an upload fail."""

    def make(right: Callable[[Call], Any]) -> Callable[[Call], Any]:
        async def wrong(call: Call) -> Response:
            found = conditions.parse(call.request.headers)
            conditions.check_write(found, writing.state(await writing.current(call)))
            response: Response = await right(call)
            return response

        return wrong

    patch.wrap(blocks, "put_block", make)


@mutant("star-matches-nothing", breaks="conditions.if-match-star")
def star_matches_nothing(patch: Patch) -> None:
    """If-Match: * is compared as if it were an ETag: an update of whatever is there always fails."""
    patch.replace(conditions, "_matches", lambda etags, state: state.etag in etags)
