"""What pages need of a code repository. The worker that fetches it writes this, so that no page reads a copy.

`projects.code.snapshot` writes it, `projects.code.stored` reads it. What pages ask for (`asked_at`, WantedPath) is
written when they do: `projects.code.mirrors`.
"""

from __future__ import annotations

from django.db import models

# The most characters of a path that can be asked for. The form takes no longer ones.
LONGEST_PATH = 400
LONGEST_BRANCH = 250


class CodeBranch(models.Model):
    """A branch as the last fetch found it, with its newest commit."""

    code_repository = models.ForeignKey("projects.CodeRepository", on_delete=models.CASCADE, related_name="branches")
    name = models.CharField(max_length=LONGEST_BRANCH)
    is_default = models.BooleanField(default=False)
    commit_sha = models.CharField(max_length=64)
    commit_subject = models.CharField(max_length=200, blank=True)
    commit_author = models.CharField(max_length=120, blank=True)
    committed_at = models.DateTimeField()
    # When a page last wanted files of the branch; None if none has. Without that, only some branches are read.
    asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "code branches"
        constraints = [models.UniqueConstraint("code_repository", "name", name="code_branch_name_unique")]

    def __str__(self) -> str:
        return self.name


class CodeCommit(models.Model):
    """The paths of a commit: of the newest one of a branch, or of one of a submodule."""

    code_repository = models.ForeignKey("projects.CodeRepository", on_delete=models.CASCADE, related_name="commits")
    sha = models.CharField(max_length=64)
    # Packed: `projects.code.listing`. Only the first paths if it is not whole.
    listing = models.BinaryField()
    is_whole = models.BooleanField()
    is_of_submodule = models.BooleanField(default=False)
    # Of a submodule: why it could not be fetched, as the end of a sentence; "" if it could.
    failure = models.TextField(blank=True)
    # Which files name an MLflow server of their own: `projects.code.server_search`. None if nobody has looked yet.
    named_servers = models.JSONField(null=True, blank=True)
    # When a branch last had the commit, or a job last got the submodule.
    needed_at = models.DateTimeField()

    class Meta:
        # A branch may have the commit that another branch has as a submodule.
        constraints = [models.UniqueConstraint("code_repository", "sha", "is_of_submodule", name="code_commit_unique")]

    def __str__(self) -> str:
        return self.sha


class CodeText(models.Model):
    """The content of a small file, stored once for all commits that have it."""

    code_repository = models.ForeignKey("projects.CodeRepository", on_delete=models.CASCADE, related_name="texts")
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint("code_repository", "sha256", name="code_text_unique")]

    def __str__(self) -> str:
        return self.sha256


class CodeFile(models.Model):
    """What a commit has at a path: a text, or the sentence that says why that cannot be used."""

    commit = models.ForeignKey(CodeCommit, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=LONGEST_PATH)
    text = models.ForeignKey(CodeText, on_delete=models.CASCADE, null=True, blank=True, related_name="files")
    fault = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("commit", "path", name="code_file_unique"),
            models.CheckConstraint(
                name="code_file_text_or_fault",
                condition=models.Q(text__isnull=False, fault="") | (models.Q(text__isnull=True) & ~models.Q(fault="")),
            ),
        ]

    def __str__(self) -> str:
        return self.path


class WantedPath(models.Model):
    """A path that a page wanted and that no fetch had read. From then on, fetches read it."""

    code_repository = models.ForeignKey(
        "projects.CodeRepository", on_delete=models.CASCADE, related_name="wanted_paths"
    )
    path = models.CharField(max_length=LONGEST_PATH)
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("code_repository", "path", name="wanted_path_unique")]

    def __str__(self) -> str:
        return self.path
