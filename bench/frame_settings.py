"""The settings of a web server that also has the page of `bench.frame_urls`."""

from mantik.settings import *  # noqa: F403

ROOT_URLCONF = "bench.frame_urls"
