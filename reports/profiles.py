"""The tables of docs/profiles.md: profiles at full size, checkpoints by model, choices and sources."""

from __future__ import annotations

from collections.abc import Iterable

from loadgen.plan.fit import stored_bytes
from loadgen.plan.make import plan_for
from loadgen.plan.moved import laid_bytes, phase_bytes
from loadgen.plan.requests import phase_requests
from loadgen.plan.values import Plan
from loadgen.profiles.read import profile, profiles
from loadgen.profiles.values import Source
from loadgen.substrates.account import account_floors
from loadgen.substrates.read import substrate
from loadgen.words import said_bytes, said_seconds

_GIB = 1 << 30
_BLOCKS = (4, 8, 32, 64, 100)  # MiB


def everything() -> str:
    """A row for each profile, at full size."""
    rows = ["| profile | what | moves | stores | blobs | ranks | requests |", "|---|---|--:|--:|--:|--:|--:|"]
    for name in profiles():
        plan = plan_for(name)
        measured = [phase for phase in plan.phases if phase.measured]
        moved = sum(phase_bytes(plan, phase) for phase in measured)
        asked = sum(sum(phase_requests(plan, phase).values()) for phase in measured)
        rows.append(
            f"| `{name}` | {plan.title} | {said_bytes(moved) if moved else '–'} "
            f"| {said_bytes(stored_bytes(plan))} | {sum(files.count for files in plan.files):,} "
            f"| {plan.ranks:,} | {asked:,} |"
        )
    return "\n".join(rows)


def checkpoints() -> str:
    """A column for each model: bytes, blobs, blocks, and the least time that an account takes."""
    plans = [plan_for(name) for name in profiles() if name.startswith("checkpoint-")]
    plans.sort(key=laid_bytes)
    heads = [plan.profile.removeprefix("checkpoint-") for plan in plans]
    rows = [f"| | {' | '.join(heads)} |", "|---|" + "--:|" * len(plans)]

    def row(title: str, cells: Iterable[str]) -> None:
        rows.append(f"| {title} | {' | '.join(cells)} |")

    row("ranks", (f"{plan.ranks:,}" for plan in plans))
    row("bytes", (f"{laid_bytes(plan) / _GIB:,.1f} GiB = {said_bytes(laid_bytes(plan))}" for plan in plans))
    row("blobs", (f"{sum(files.count for files in plan.files):,}" for plan in plans))
    row("which", (", ".join(_which(plan)) for plan in plans))
    for size in _BLOCKS:
        row(f"blocks of {size} MiB", (f"{_blocks(plan, size << 20):,}" for plan in plans))
    for account, said in (("blob-account-listed", "listed regions"), ("blob-account", "other regions")):
        floors = [account_floors(plan, substrate(account)) for plan in plans]
        row(f"write, account, {said}", (said_seconds(floor[0].seconds) for floor in floors))
        row(f"restore, account, {said}", (said_seconds(floor[1].seconds) for floor in floors))
    return "\n".join(rows)


def _which(plan: Plan) -> Iterable[str]:
    return (f"{files.count:,} × {files.bytes:,} ({files.name})" for files in plan.files)


def _blocks(plan: Plan, size: int) -> int:
    return sum(files.count * -(-files.bytes // size) for files in plan.files)


def choices() -> str:
    """A row for each choice that a profile leaves, and its options."""
    seen: dict[tuple[str, str], list[str]] = {}
    for name in profiles():
        for key, choice in profile(name).choices.items():
            options = ", ".join(
                f"`{option}`{' (default)' if option == choice.default else ''}: {about.title}"
                for option, about in choice.options.items()
            )
            seen.setdefault((key, options), []).append(name.partition("-")[0] + "-…")
    rows = ["| choice | of | options |", "|---|---|---|"]
    for (key, options), names in seen.items():
        of = ", ".join(f"`{one}`" for one in dict.fromkeys(names))
        rows.append(f"| `{key}` | {of} | {options.replace('|', '/')} |")
    return "\n".join(rows)


def sources() -> str:
    """A row for each source that a profile cites."""
    cited: dict[Source, None] = {}
    for name in profiles():
        cited |= dict.fromkeys(profile(name).sources.values())
    rows = ["| source | at | read |", "|---|---|---|"]
    rows += [
        f"| [{one.title}]({one.url}) | {one.at or '–'} | {one.read} |"
        for one in sorted(cited, key=lambda one: (one.title, one.at))
    ]
    return "\n".join(rows)
