"""The entry of the command line: asks the resident process before anything heavy is loaded."""

import sys

from fastheur.resident_client import answer


def main() -> int:
    """Run the command line, here or in the resident process, and return its exit code."""
    code = answer(sys.argv[1:])
    if code is not None:
        return code
    from fastheur import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
