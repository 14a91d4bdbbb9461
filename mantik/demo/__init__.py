"""The demo: a project to try Mantik out, and one real training from the form to its end."""


class DemoFailed(Exception):
    """The demo cannot continue. The message is for the terminal."""
