"""The command: argument parsing and wiring, nothing else."""
