"""What goes wrong because of what the user gave."""

from __future__ import annotations


class InputError(Exception):
    """Something the user gave cannot be used; the text is the one line they will read."""

    exit_code = 1


class UsageError(InputError):
    """The command line contradicts itself, whatever the data."""

    exit_code = 2
