"""What goes wrong outside of the events themselves: one line for the person at the terminal."""


class StreamError(Exception):
    """Base of the errors of `streams`. Its text names what is wrong and what to do about it."""
