"""The files of a checkpoint, computed from the shape of a model and how it is spread over its ranks.

The arithmetic is that of DLIO's transformer checkpoints (argonne-lcf/dlio_benchmark,
dlio_benchmark/checkpointing/base_checkpointing.py): 2 bytes a parameter of model state (fp16), 12 of Adam's
(three fp32 tensors), about 14 in all. Bytes are those of the tensors, without the frame of a file format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from loadgen.plan.values import FileSet
from loadgen.profiles.values import Payloads

_MODEL_BYTES = 2  # fp16
_OPTIMIZER_BYTES = 4  # fp32 …
_OPTIMIZER_TENSORS = 3  # … of the weights, the first and the second moment

Amounts = Mapping[str, int]
"""Other numbers of the profile, by name: files_a_rank, metadata_bytes, common_bytes."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A transformer with grouped-query attention, gated units and untied embeddings; its parallelism."""

    layers: int
    hidden: int
    ffn: int
    vocabulary: int
    heads: int
    kv_heads: int
    tensor: int
    pipeline: int
    data: int
    zero: int  # stage of ZeRO: 1, or 3

    @property
    def ranks(self) -> int:
        """Ranks that train it."""
        return self.tensor * self.pipeline * self.data

    @property
    def key_value_width(self) -> int:
        """Columns of each of the key and the value matrix."""
        return self.hidden // self.heads * self.kv_heads

    @property
    def parameters(self) -> int:
        """Parameters of the whole model."""
        h = self.hidden
        layer = 2 * h + h * (h + 2 * self.key_value_width) + h * h + 3 * h * self.ffn
        return 2 * self.vocabulary * h + self.layers * layer + h

    @property
    def layer_bytes(self) -> int:
        """Of one layer's weights on one tensor-parallel rank (and, with ZeRO 3, one data-parallel rank)."""
        h, shards = self.hidden, self._shards
        norms = 2 * (h // shards)
        matrices = (h * (h + 2 * self.key_value_width), h * h, 2 * h * self.ffn, h * self.ffn)
        return _MODEL_BYTES * (norms + sum(one // self.tensor // shards for one in matrices))

    @property
    def embedding_bytes(self) -> int:
        """Of the embedding, and of the output head, on one tensor-parallel rank."""
        return _MODEL_BYTES * (self.hidden * self.vocabulary // self.tensor // self._shards)

    @property
    def norm_bytes(self) -> int:
        """Of the last norm."""
        return _MODEL_BYTES * (self.hidden // self._shards)

    @property
    def optimizer_bytes(self) -> int:
        """Of the optimizer state of one rank: its share of the weights and moments, and a few vectors."""
        share = self.parameters // self.ranks + 5 * self.hidden
        return _OPTIMIZER_TENSORS * _OPTIMIZER_BYTES * share

    @property
    def bytes(self) -> int:
        """Of one whole checkpoint."""
        model = self.data if self.zero == 3 else 1
        layers = self.layers * self.layer_bytes + 2 * self.embedding_bytes
        return (layers + self.norm_bytes) * self.tensor * model + self.optimizer_bytes * self.ranks

    @property
    def _shards(self) -> int:
        return self.data if self.zero == 3 else 1


def dlio(shape: Shape, payloads: Payloads, amounts: Amounts) -> tuple[FileSet, ...]:
    """DLIO's files, which MLPerf Storage writes: model state by rank or by layer, optimizer state by rank.

    With ZeRO 1 the first replica alone writes the model state, so its ranks write more than the others.
    """
    ranks = shape.ranks
    optim = FileSet(
        "optim",
        ranks,
        shape.optimizer_bytes,
        payloads.optimizer,
        owners=ranks,
        pattern="zero_pp_rank_{part}_mp_rank_{rank:05d}_optim_states.pt",
    )
    if shape.zero == 3:
        whole = shape.layers * shape.layer_bytes + 2 * shape.embedding_bytes + shape.norm_bytes
        pattern = "zero_pp_rank_{part}_mp_rank_{rank:05d}_model_states.pt"
        return FileSet("model", ranks, whole, payloads.model, owners=ranks, pattern=pattern), optim
    first, tensor = shape.tensor * shape.pipeline, shape.tensor
    return (
        FileSet(
            "layer", shape.layers * tensor, shape.layer_bytes, payloads.model, owners=first, pattern=_LAYER
        ),
        FileSet(
            "embed-head", 2 * tensor, shape.embedding_bytes, payloads.model, owners=first, pattern=_LAYER
        ),
        FileSet("tiny", tensor, shape.norm_bytes, payloads.model, owners=first, pattern=_LAYER),
        optim,
    )


_LAYER = "layer_{part:03d}-model_{rank:05d}_model_states.pt"


def torch(shape: Shape, payloads: Payloads, amounts: Amounts) -> tuple[FileSet, ...]:
    """PyTorch's distributed checkpoints: some files a rank (DCP one, Megatron-Core two), and one `.metadata`.

    What replicas hold twice is saved by whichever has less to save, so the ranks write alike. Megatron-Core
    writes what all ranks share into `common.pt`.
    """
    count = shape.ranks * amounts["files_a_rank"]
    parts = FileSet(
        "distcp",
        count,
        round(shape.bytes / count),
        payloads.both,
        owners=shape.ranks,
        pattern="__{rank}_{part}.distcp",
    )
    small = [FileSet("metadata", 1, amounts["metadata_bytes"], payloads.both, owners=1, pattern=".metadata")]
    if "common_bytes" in amounts:
        small.append(
            FileSet("common", 1, amounts["common_bytes"], payloads.both, owners=1, pattern="common.pt")
        )
    return parts, *small


LAYOUTS: dict[str, Callable[[Shape, Payloads, Amounts], tuple[FileSet, ...]]] = {
    "dlio": dlio,
    "dcp": torch,
    "megatron": torch,
}
"""The file layouts of a checkpoint, by name."""
