# tingzhen with its clients for Elasticsearch and PostgreSQL, installed from the lock; compose.yaml runs it,
# docs/operations.md says how:   docker build --tag tingzhen .
# With Chromium, for sources with render = true and reports as PDF:   docker build --target browser --tag tingzhen:browser .
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/tingzhen
COPY requirements/build.lock requirements/server.lock requirements/
RUN /opt/tingzhen/bin/python -m pip install --require-hashes --requirement requirements/build.lock \
 && /opt/tingzhen/bin/pip install --require-hashes --no-build-isolation --requirement requirements/server.lock
COPY pyproject.toml README.md LICENSE ./
COPY crawler crawler
COPY nlp nlp
COPY leads leads
COPY es_mappings es_mappings
RUN /opt/tingzhen/bin/pip install --no-build-isolation --no-deps .

FROM build AS build-browser
COPY requirements/browser.lock requirements/
RUN /opt/tingzhen/bin/pip install --require-hashes --no-build-isolation --requirement requirements/browser.lock

# Everything but the program. The root may be read-only: /data and /tmp are written to, nothing else.
FROM python:3.11-slim AS runtime
# A new volume over /data takes owner and mode from here.
RUN groupadd --gid 10001 tingzhen \
 && useradd --uid 10001 --gid tingzhen --no-create-home --shell /usr/sbin/nologin tingzhen \
 && install --directory --mode 0700 --owner tingzhen --group tingzhen /data
# PYTHONSAFEPATH: a checkout mounted as the working folder brings its settings, not its code. HOME: Chromium wants one.
ENV PATH=/opt/tingzhen/bin:$PATH \
    HOME=/tmp \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TINGZHEN_DATA_DIR=/data
USER 10001:10001
WORKDIR /srv
VOLUME /data
EXPOSE 8000
# Index, records and the crawls' book-keeping can be read.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=6 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=8)"]
# SIGTERM lets crawls finish their page: `docker stop --time 90`, or stop_grace_period in compose.yaml.
CMD ["tingzhen", "serve"]

FROM runtime AS browser
USER 0:0
# The distribution's newest: a browser that reads strange pages must have today's corrections.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends chromium fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build-browser /opt/tingzhen /opt/tingzhen
USER 10001:10001

# Last, so that it is built where no target is named.
FROM runtime AS server
COPY --from=build /opt/tingzhen /opt/tingzhen
