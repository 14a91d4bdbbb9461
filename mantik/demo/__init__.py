"""The demo: a project to try Mantik out with, and one real training, taken from the form to its end."""


class DemoFailed(Exception):
    """The demo cannot go on. The message is for the terminal as it is."""
