"""Errors that end the program, told on its last line."""


class StartError(Exception):
    """The depot cannot start; the text names the remedy."""
