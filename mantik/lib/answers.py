"""What the form pages share."""

from django.forms import Form


def status_of(form: Form) -> int:
    """A form that is wrong comes back with status 422."""
    return 422 if form.is_bound and form.errors else 200
