# The image runs the same commands as `souschef up` does on one machine; docker-compose.yml names them.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# First what changes seldom, so that a new version of ours is a small layer. Nothing without its hash is installed.
COPY requirements/production.txt requirements/production.txt
RUN pip install --require-hashes --no-deps --only-binary :all: --requirement requirements/production.txt \
 && python -m compileall -q /usr/local/lib/python3.13/site-packages

COPY config config
COPY models models
COPY learning learning
COPY lms lms
COPY tasks tasks
COPY workers workers
COPY web web
COPY examples examples
COPY pyproject.toml ./

# The command, without an installation of ours; root owns all of it, and the user who runs it may write nothing here.
RUN printf '#!/bin/sh\nexec python -m workers.command_line "$@"\n' > /usr/local/bin/souschef \
 && chmod 755 /usr/local/bin/souschef \
 && python -m compileall -q /app \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin souschef \
 && install -d -o souschef -g souschef -m 700 /data

ENV PYTHONPATH=/app SOUSCHEF_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8484

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8484/health', timeout=4)"]
CMD ["uvicorn", "workers.door:app", "--host", "0.0.0.0", "--port", "8484", "--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "10"]
