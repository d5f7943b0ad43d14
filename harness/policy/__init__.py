"""Gates: a policy says what must hold; a run either meets it or does not."""

from harness.policy.decide import decide
from harness.policy.load import PolicyError, from_table, load, to_table
from harness.policy.policy import Decision, Policy, Safety

__all__ = ["Decision", "Policy", "PolicyError", "Safety", "decide", "from_table", "load", "to_table"]
