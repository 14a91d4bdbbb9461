"""Signing in."""

from django.contrib.auth import views as auth
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpResponse


class SignIn(auth.LoginView):
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """As everywhere: a form that is wrong comes back with status 422."""
        return self.render_to_response(self.get_context_data(form=form), status=422)
