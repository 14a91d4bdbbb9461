# Three images from one file: `app` (web, worker, beat), `mlflow` (its tracking server), and what builds them.
# docker-compose.yml uses both.

FROM node:22-slim AS packages
WORKDIR /packages
COPY package.json package-lock.json .npmrc ./
# The copy says that the packages are those of this lock file; see mantik/frontend.py.
RUN npm ci --ignore-scripts --omit=dev && cp package-lock.json node_modules/.mantik-lock

FROM python:3.12-slim AS python
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/venv/bin:$PATH
RUN useradd --system --uid 10001 --create-home mantik && install --directory --owner mantik /data

FROM python AS build
WORKDIR /opt/mantik
COPY requirements.lock requirements-demo.lock requirements-dev.lock ./
RUN sed -n '/^uv==/,/[^\\]$/p' requirements-dev.lock > /tmp/uv.lock \
 && pip install --no-cache-dir --require-hashes --requirement /tmp/uv.lock
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1

FROM build AS build-app
RUN uv venv /opt/venv && VIRTUAL_ENV=/opt/venv uv pip install --require-hashes --requirement requirements.lock
COPY . .
COPY --from=packages /packages/node_modules node_modules
# Files are collected as in production, with settings that nothing else ever sees.
RUN python -m mantik.frontend && rm -rf node_modules \
 && MANTIK_SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
    MANTIK_ENCRYPTION_KEYS="$(python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
    MANTIK_ALLOWED_HOSTS=localhost MANTIK_BASE_URL=https://localhost \
    MANTIK_DATABASE_URL=sqlite:////tmp/none MANTIK_BROKER_URL=redis://localhost MANTIK_MLFLOW_URI=http://localhost \
    MANTIK_MLFLOW_TOKEN="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
    python manage.py collectstatic --no-input --verbosity 0 \
 && python -m compileall -q connections mantik projects runs schedules

FROM build AS build-mlflow
# The lock file that has MLflow's server in it.
RUN uv venv /opt/venv && VIRTUAL_ENV=/opt/venv uv pip install --require-hashes --requirement requirements-demo.lock

FROM python AS mlflow
COPY --from=build-mlflow /opt/venv /opt/venv
# Our own way to start it, and what that imports of ours.
COPY connections/__init__.py /opt/mantik/connections/
COPY connections/mlflow /opt/mantik/connections/mlflow
COPY mantik/__init__.py mantik/celery.py /opt/mantik/mantik/
COPY mantik/lib /opt/mantik/mantik/lib
USER mantik
WORKDIR /opt/mantik
VOLUME /data
EXPOSE 5000
CMD ["python", "-m", "connections.mlflow.server", "--host", "0.0.0.0", "--name", "mlflow", "--port", "5000", \
     "--data-dir", "/data"]

FROM python AS app
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build-app /opt/venv /opt/venv
COPY --from=build-app /opt/mantik /opt/mantik
USER mantik
WORKDIR /opt/mantik
VOLUME /data
EXPOSE 8000
ENV MANTIK_DATA_DIR=/data
CMD ["python", "-m", "mantik.up.web", "0.0.0.0", "8000", "2"]
