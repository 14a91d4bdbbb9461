"""The addresses of the product, and one of a page with nothing but its frame."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from mantik.urls import urlpatterns as _urlpatterns

FRAME = "/frame/"


def frame(request: HttpRequest) -> HttpResponse:
    return render(request, "layouts/wide.html")


urlpatterns = [path(FRAME[1:], frame), *_urlpatterns]
