"""The doctor: says whose fault it is before anything is judged."""

from harness.doctor.diagnosis import Check, Diagnosis, Fault, Outcome
from harness.doctor.examine import examine

__all__ = ["Check", "Diagnosis", "Fault", "Outcome", "examine"]
