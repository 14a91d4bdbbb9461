"""Why an entry is not applied."""


class PassedOver(Exception):
    """The text says what was passed over, and why. It is counted under that text, so there are only some of them: it
    has nothing in it that comes from the journal."""

    @property
    def why(self) -> str:
        return str(self)


DAMAGED = "Lines that are damaged."
MISSING = "Lines that are missing: the disk of the node has lost them."
AGAIN = "Entries with a number that was there already."
UNKNOWN_KIND = "Entries of a kind that this version of Mantik does not know."
UNKNOWN_FORMAT = "Journals in a format that this version of Mantik does not know."
NOT_OF_JOB = "Entries about a run or a logged model that is not one of this job's."
NOT_NEW = "Child runs and logged models with an id that something else has."
TOO_MANY = "Child runs and logged models beyond the number that a run may have."
OWN_TAGS = "Tags that begin with mantik., which are Mantik's own."
CHANGED = "Params that were logged before with another value."
CLASH = "Points of a logged model that has another value for the same time and step: only the run has them."
DELETED = "Entries about a run that was deleted in MLflow."
REFUSED = "Entries that MLflow has refused ({kind})."
FAULTY = "Entries at which MLflow has failed again and again ({kind})."
MALFORMED = "Entries that are malformed ({kind})."
BAD_PATH = "Files with a name that cannot be stored."
NO_BYTES = "Files whose bytes are missing."
WRONG_SUM = "Files whose bytes do not match their checksum."
NO_ROOM = "Files beyond what this run, or its project, may store."
NOT_KEPT = "Files that the node could not keep ({why})."
LOST = "Entries that the node could not keep ({kind})."
FAULTS = "Calls at which the relay failed."
UNSAID = "Events that are not listed, because there were too many of their kind."


def of_kind(sentence: str, kind: str) -> str:
    """A sentence about entries of that kind, as the journal names it."""
    return sentence.format(kind=kind.replace("_", " "))
