"""What a load run does, as frozen values. Bytes are bytes, times are seconds, rates are tasks per second."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Action(enum.StrEnum):
    """What a lane does with each of its files."""

    UPLOAD = "upload"  # Put Blob; or Put Block in parallel, then Put Block List
    DOWNLOAD = "download"  # Get Blob, whole or by ranges
    HYDRATE = "hydrate"  # Put Block From URL in parallel, then Put Block List: the endpoint fetches the bytes
    LIST = "list"  # List Blobs under the run's prefix, page by page to the end
    CHURN = "churn"  # Put Blob, Get Blob Properties, Set Blob Metadata, Delete Blob
    REMOVE = "remove"  # Delete Blob


class Share(enum.StrEnum):
    """Which files of a lane a rank works on."""

    OWN = "own"  # file i is that of rank i modulo ranks
    ALL = "all"  # every rank works on every file, each from another start


class Process(enum.StrEnum):
    """How the arrivals of an open loop are spaced."""

    CONSTANT = "constant"
    POISSON = "poisson"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """An open loop: tasks start when they are due, whatever became of those before them."""

    rate: float  # tasks a second, over all ranks of the lane together
    process: Process = Process.POISSON
    seconds: float = 0.0  # how long tasks arrive; 0: until every file was worked on


@dataclass(frozen=True, slots=True)
class FileSet:
    """Blobs of one kind. `pattern` may name `{index}`, `{rank}` (modulo owners), `{part}` (by owners)."""

    name: str
    count: int
    bytes: int  # of each; the mean where `spread` is not 0
    payload: str  # the id of a payload recipe (loadgen.payload)
    spread: int = 0  # standard deviation of the sizes, bytes
    owners: int = 0  # only the first n ranks own files of this set; 0: all ranks of the lane
    pattern: str = "{index:08d}"


@dataclass(frozen=True, slots=True)
class Lane:
    """What some ranks do during a phase. Lanes of one phase run at the same time."""

    name: str
    action: Action
    files: tuple[str, ...]  # names of file sets, worked on in this order
    ranks: int
    first_rank: int = 0
    share: Share = Share.OWN
    block_bytes: int = 8 << 20  # of a Put Block
    single_bytes: int = 0  # a blob up to this size is one Put Blob
    range_bytes: int = 0  # of a Get Blob; 0: one request a blob
    page_names: int = 5000  # of a page of List Blobs
    parallel: int = 4  # requests at once, a rank
    files_at_once: int = 1  # a rank
    arrivals: Arrivals | None = None  # None: a closed loop, as fast as it goes
    repeat: int = 1  # how often the files are gone through


@dataclass(frozen=True, slots=True)
class Phase:
    """Between two barriers: every rank begins it at once, and it ends when the last rank has ended."""

    name: str  # "prepare", "write", "restore", "stage", "list" …
    lanes: tuple[Lane, ...]
    deadline_s: float  # ranks that are not through by then are named, and the run goes on or ends
    iteration: int = 1  # phases of one name are told apart by it, from 1
    measured: bool = True  # False: it only lays down what later phases read
    pause_s: float = 0.0  # after it


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run, at its scale. Phases run one after the other."""

    profile: str  # its id
    title: str
    scale: float  # bytes planned / bytes of the profile at full size; on every row of every result
    full_bytes: int  # what the measured phases of the profile move at full size, one iteration
    full_ranks: int
    ranks: int
    seed: int
    container: str
    prefix: str  # of every blob name, without a trailing slash
    files: tuple[FileSet, ...]
    phases: tuple[Phase, ...]
    asynchronous: bool = (
        False  # the training goes on while the checkpoint is written: the stall is the snapshot
    )
    snapshot_s: float = 0.0  # the stall of an asynchronous checkpoint, as the profile states it
    notes: tuple[str, ...] = ()  # what is not as at full size, in words
    choices: tuple[str, ...] = ()  # which option of each choice of the profile, as KEY=OPTION

    def file_set(self, name: str) -> FileSet:
        """The file set of a name. Raises `KeyError`."""
        return {one.name: one for one in self.files}[name]
