"""The web server as it is, but that it waits for MLflow for three seconds instead of twenty."""

import httpx

from connections.mlflow import onward, transport
from mantik.asgi import application as application

# Before its first request.
for _module in (onward, transport):
    vars(_module)["TIMEOUT"] = httpx.Timeout(3)
