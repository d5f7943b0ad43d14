"""Tests of gates and ledgers together: which exit code counts where several apply."""
