"""From a profile and what is asked of it to the plan of a run."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace

from loadgen.payload.errors import PayloadError
from loadgen.payload.recipes import recipe
from loadgen.plan.deadlines import with_deadlines
from loadgen.plan.iterate import iterated
from loadgen.plan.moved import full_bytes
from loadgen.plan.scale import checked_scale, shrink
from loadgen.plan.values import Arrivals, FileSet, Lane, Phase, Plan
from loadgen.profiles.errors import ProfileError
from loadgen.profiles.read import profile
from loadgen.profiles.state import LAYOUTS, Shape
from loadgen.profiles.values import LaneSpec, ModelSpec, Number, Profile, Shrinks

DEFAULT_SEED = 1


def plan_for(
    which: Profile | str,
    *,
    scale: float = 1.0,
    ranks: int | None = None,
    seed: int = DEFAULT_SEED,
    iterations: int = 1,
    choices: Mapping[str, str] | None = None,
    container: str = "bench",
    prefix: str = "bench",
) -> Plan:
    """The plan of a run of a profile (itself, its id, or the path of a TOML file).

    `scale`: bytes to move / bytes of the profile, above 0 and at most 1; the plan carries what was reached.
    `ranks`: how many there are; None: as many as the scale gives, at least 8 or what the profile has.
    `choices`: which option of each choice, by name; what is not named is at its default.
    Raises `ProfileError`.
    """
    one = profile(which) if isinstance(which, str) else which
    full, shrinks = full_plan(one, seed=seed, choices=choices, container=container, prefix=prefix)
    checked_scale(scale, f"{scale:g}")
    if ranks is not None and ranks < 1:
        raise ProfileError(
            f"a plan has at least one rank, not {ranks}", "Leave --ranks out, or give 1 or more."
        )
    if iterations < 1:
        raise ProfileError(f"a plan has at least one iteration, not {iterations}", "Give 1 or more.")
    return with_deadlines(iterated(shrink(full, shrinks, scale, ranks), iterations))


def full_plan(
    one: Profile,
    *,
    seed: int = DEFAULT_SEED,
    choices: Mapping[str, str] | None = None,
    container: str = "bench",
    prefix: str = "bench",
) -> tuple[Plan, Mapping[str, Shrinks]]:
    """A profile at full size, one iteration, and how its file sets shrink. Raises `ProfileError`.

    Deadlines are 0 where the profile says none.
    """
    return _Maker(one, choices or {}).plan(seed, container, prefix)


class _Maker:
    """Makes the full plan of one profile."""

    def __init__(self, one: Profile, choices: Mapping[str, str]) -> None:
        self._profile = one
        self._chosen = _chosen(one, choices)
        self._numbers: dict[str, Number] = dict(one.numbers)
        for key, name in self._chosen.items():
            self._numbers.update(one.choices[key].options[name].numbers)

    def plan(self, seed: int, container: str, prefix: str) -> tuple[Plan, Mapping[str, Shrinks]]:
        one = self._profile
        ranks = self._whole(one.ranks, 1)
        groups = [(spec.group, self._state(spec)) for spec in one.models]
        files = [made for _, state in groups for made in state]
        shrinks = {made.name: Shrinks.BYTES for made in files}
        members = {group: [made.name for made in state] for group, state in groups}
        for spec in one.files:
            made = FileSet(
                spec.name,
                self._whole(spec.count, 1),
                self._whole(spec.bytes, 1),
                spec.payload,
                self._whole(spec.spread, 0),
                self._whole(spec.owners, 0),
                spec.pattern,
            )
            files.append(made)
            shrinks[made.name] = spec.shrinks
            members.setdefault(spec.group, []).append(made.name)
        for made in files:
            _known(one, made)
        members["*"] = [made.name for made in files]
        if len(shrinks) < len(files):
            raise ProfileError(f"{one.id}: two sets of files have the same name", "Give one another name.")
        phases = tuple(
            Phase(
                phase.name,
                self._lanes(phase.lanes, members, ranks),
                self._numbers[phase.deadline_s].value if phase.deadline_s else 0.0,
                measured=phase.measured,
                pause_s=self._numbers[phase.pause_s].value if phase.pause_s else 0.0,
            )
            for phase in one.phases
        )
        snapshot = self._numbers["snapshot_s"].value if "snapshot_s" in self._numbers else 0.0
        plan = Plan(
            profile=one.id,
            title=self._title(),
            scale=1.0,
            full_bytes=0,
            full_ranks=ranks,
            ranks=ranks,
            seed=seed,
            container=container,
            prefix=prefix,
            files=tuple(files),
            phases=phases,
            asynchronous=snapshot > 0,
            snapshot_s=snapshot,
            choices=tuple(f"{key}={name}" for key, name in self._chosen.items()),
        )
        return replace(plan, full_bytes=full_bytes(plan)), shrinks

    def _title(self) -> str:
        """The profile's title, and what was chosen otherwise than by default."""
        one = self._profile
        other = [f"{key} {name}" for key, name in self._chosen.items() if name != one.choices[key].default]
        return ", ".join([one.title, *other])

    def _whole(self, name: str, default: int) -> int:
        return max(self._numbers[name].whole, min(default, 1)) if name else default

    def _state(self, spec: ModelSpec) -> tuple[FileSet, ...]:
        keys = [key for key in type(spec).__slots__ if key not in ("group", "payloads")]
        shape = Shape(**{key: self._whole(getattr(spec, key), 1) for key in keys})
        amounts = {name: number.whole for name, number in self._numbers.items()}
        return LAYOUTS[self._chosen.get("layout", "dlio")](shape, spec.payloads, amounts)

    def _lanes(
        self, specs: tuple[LaneSpec, ...], members: Mapping[str, list[str]], ranks: int
    ) -> tuple[Lane, ...]:
        lanes, first = [], 0
        for spec in specs:
            lane = self._lane(spec, members, ranks)
            lanes.append(replace(lane, first_rank=first))
            first += lane.ranks if spec.ranks else 0
        if first > ranks:
            raise ProfileError(
                f"{self._profile.id}: its lanes have {first} ranks, the profile {ranks}",
                "Give it more ranks.",
            )
        return tuple(lanes)

    def _lane(self, spec: LaneSpec, members: Mapping[str, list[str]], ranks: int) -> Lane:
        files = [name for one in spec.files for name in members.get(one, [one])]
        plain = Lane(spec.name, spec.action, tuple(dict.fromkeys(files)), self._whole(spec.ranks, ranks))
        arrivals = None
        if spec.rate:
            seconds = self._numbers[spec.seconds].value if spec.seconds else 0.0
            arrivals = Arrivals(self._numbers[spec.rate].value, spec.process, seconds)
        return replace(
            plain,
            ranks=max(1, plain.ranks // self._whole(spec.ranks_divided_by, 1)),
            share=spec.share,
            block_bytes=max(1, self._whole(spec.block_bytes, plain.block_bytes)),
            single_bytes=self._whole(spec.single_bytes, plain.single_bytes),
            range_bytes=self._whole(spec.range_bytes, plain.range_bytes),
            page_names=max(1, self._whole(spec.page_names, plain.page_names)),
            parallel=max(1, self._whole(spec.parallel, plain.parallel)),
            files_at_once=max(1, self._whole(spec.files_at_once, plain.files_at_once)),
            repeat=max(1, self._whole(spec.repeat, plain.repeat)),
            arrivals=arrivals,
        )


def _known(one: Profile, files: FileSet) -> None:
    """Raise `ProfileError` for a payload or a pattern of names that there is not."""
    try:
        recipe(files.payload)
    except PayloadError as error:
        raise ProfileError(f"{one.id}: {error}", error.hint) from None
    count, width = min(4, files.count), files.owners or 2
    try:
        names = {
            files.pattern.format(index=index, rank=index % width, part=index // width)
            for index in range(count)
        }
    except (KeyError, IndexError, ValueError, AttributeError):
        raise ProfileError(f"{one.id}: {files.pattern!r} makes no names", _PATTERN) from None
    by_rank = "{rank" in files.pattern or "{part" in files.pattern
    if by_rank and not files.owners:
        raise ProfileError(
            f"{one.id}: {files.name} names its blobs by rank, and says no owners",
            "Say how many ranks own them, or name them by {index}.",
        )
    if len(names) < count:
        raise ProfileError(f"{one.id}: {files.pattern!r} gives several blobs the same name", _PATTERN)


_PATTERN = "A pattern has {index}, or both {rank} and {part}; {index:08d} fills it up with zeros."


def _chosen(one: Profile, asked: Mapping[str, str]) -> dict[str, str]:
    """Which option of each choice. Raises `ProfileError` for what there is not."""
    for key, name in asked.items():
        if key not in one.choices:
            there = ", ".join(one.choices) or "nothing"
            raise ProfileError(f"{one.id} leaves no choice of {key!r}", f"There is to choose: {there}.")
        options = one.choices[key].options
        if name not in options:
            near = difflib.get_close_matches(name, options, n=1)
            meant = f"Did you mean {near[0]}? " if near else ""
            raise ProfileError(
                f"{one.id}: {key} cannot be {name!r}", f"{meant}There are: {', '.join(options)}."
            )
    return {key: asked.get(key, choice.default) for key, choice in one.choices.items()}
