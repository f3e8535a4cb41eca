# Two images of one application: `full` (the default) and `slim`, which lacks free text onto topics and OpenTelemetry.
#   docker build --tag souschef:0.2.0 .
#   docker build --tag souschef:0.2.0-slim --target slim .
# `make pin-images` adds the base image's digest, where its registry can be reached.
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

# What of the decision and the learner model compiles to machine code, with the compiler, is a stage of its own.
FROM ${PYTHON_IMAGE} AS compiled

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev
COPY requirements/dev.txt requirements/dev.txt
RUN pip install --require-hashes --no-deps --only-binary :all: --requirement requirements/dev.txt
COPY learning learning
COPY .ci/compiled.py .ci/compiled.py
RUN python .ci/compiled.py /compiled

# The packages, without pip and its cache. Nothing without its hash is installed.
FROM ${PYTHON_IMAGE} AS packages-slim

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv --without-pip /opt/venv
COPY requirements/slim.txt requirements/slim.txt
RUN pip --python /opt/venv install --require-hashes --no-deps --only-binary :all: --requirement requirements/slim.txt \
 && python -m compileall -q /opt/venv/lib

FROM packages-slim AS packages-full

COPY requirements/production.txt requirements/production.txt
RUN pip --python /opt/venv install --require-hashes --no-deps --only-binary :all: --requirement requirements/production.txt \
 && python -m compileall -q /opt/venv/lib

# The image runs the same commands as `souschef up` does on one machine; docker-compose.yml names them.
FROM ${PYTHON_IMAGE} AS application

ARG PYTHON_IMAGE
ARG REVISION=unknown
ARG CREATED=unknown

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

LABEL org.opencontainers.image.title="souschef" \
      org.opencontainers.image.description="Picks each student's next practice task from the events of a school's LMS, and says why." \
      org.opencontainers.image.version="0.2.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="docker.io/library/${PYTHON_IMAGE}"

WORKDIR /app

COPY config config
COPY models models
COPY learning learning
COPY lms lms
COPY tasks tasks
COPY workers workers
COPY web web
COPY examples examples
COPY pyproject.toml LICENSE NOTICE ./
# The same sources, and machine code beside them; Python takes what is compiled first.
COPY --from=compiled /compiled ./

# The command, without an installation of ours; root owns all of it, and the user who runs it may write nothing here.
RUN printf '#!/bin/sh\nexec python -m workers "$@"\n' > /usr/local/bin/souschef \
 && chmod 755 /usr/local/bin/souschef \
 && python -m compileall -q /app \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin souschef \
 && install -d -o souschef -g souschef -m 700 /data

ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app SOUSCHEF_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8484

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8484/health', timeout=4)"]
CMD ["uvicorn", "workers.api:app", "--host", "0.0.0.0", "--port", "8484", "--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "10"]

# --link: a layer of its own, which a new version of the code leaves as it is.
FROM application AS slim
COPY --link --from=packages-slim /opt/venv /opt/venv

FROM application AS full
COPY --link --from=packages-full /opt/venv /opt/venv
