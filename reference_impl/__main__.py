"""The façade's command: `python -m reference_impl serve` and `python -m reference_impl mutants`."""

from __future__ import annotations

import sys

_USAGE = """\
usage: python -m reference_impl COMMAND

  serve     serve an Azure Blob endpoint over a folder (serve --help says more)
  mutants   list the deliberately wrong variants that serve --mutant knows
"""


def main(arguments: list[str]) -> int:
    """Runs one command; gives the exit code."""
    match arguments:
        case ["serve", *rest]:
            from reference_impl.app import build_app
            from reference_impl.serve import serve

            return serve(rest, build_app)
        case ["mutants"]:
            from reference_impl.mutants import listing

            sys.stdout.write(listing())
            return 0
        case ["-h" | "--help"]:
            sys.stdout.write(_USAGE)
            return 0
    sys.stderr.write(_USAGE)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
