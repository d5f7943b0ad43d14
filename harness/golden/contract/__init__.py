"""What a Blob service must answer to the steps of a golden spec, from the contract alone.

A small model of the service is played through the steps. It knows what is documented and what was recorded
of the real service, and says nothing where they are silent. It never sees what a recorded server answered.
"""

from harness.golden.contract.predict import Predicted, predict

__all__ = ["Predicted", "predict"]
