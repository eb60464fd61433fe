"""What a command ends with when it cannot do what it was asked."""


class CommandError(Exception):
    """A failure to be told in one line, without a trace: nobody needs to read our code to understand it."""

    exit_code = 1
