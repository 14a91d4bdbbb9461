"""Why a call is not answered as asked, in the words and codes of MLflow's API."""

from __future__ import annotations


class Refused(Exception):
    """`code` is one that MLflow's oldest clients know; they end in an exception of their own at any other."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.code, self.sentence = status, code, sentence


def not_there(what: str) -> Refused:
    """For what does not exist, and the same for what the caller may not know of."""
    return Refused(404, "RESOURCE_DOES_NOT_EXIST", f"There is no {what} that this token may see.")


def forbidden(sentence: str) -> Refused:
    return Refused(403, "PERMISSION_DENIED", sentence)


def is_over(sentence: str) -> Refused:
    return Refused(400, "INVALID_PARAMETER_VALUE", sentence)


def not_offered(sentence: str) -> Refused:
    return Refused(404, "ENDPOINT_NOT_FOUND", sentence)


def too_large(sentence: str) -> Refused:
    return Refused(413, "INVALID_PARAMETER_VALUE", sentence)


def wrong(sentence: str) -> Refused:
    return Refused(400, "INVALID_PARAMETER_VALUE", sentence)
