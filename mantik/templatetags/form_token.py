"""{% csrf_token %} of all templates: with Django's token, it says whose form it is, and gives it a key of its own.

In place of Django's tag, because no form may go without: what is typed into it is kept if the session ends
(mantik/kept_forms), and it takes effect once however often it is sent (mantik/idempotency).
"""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mantik.idempotency.services import FIELD
from mantik.kept_forms.owners import OWNER_FIELD, FormToken

register = template.Library()


@register.simple_tag(takes_context=True)
def csrf_token(context: Context) -> SafeString | str:
    token = context.get("csrf_token")
    if not token:
        return ""
    fields = [("csrfmiddlewaretoken", str(token))]
    # A form that comes back has them among its fields.
    if isinstance(token, FormToken) and token.owner:
        fields += [(OWNER_FIELD, token.owner), (FIELD, token.key)]
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', fields) or format_html("")
