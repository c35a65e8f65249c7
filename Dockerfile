# tingzhen with its clients for Elasticsearch and PostgreSQL, installed from the lock; compose.yaml runs it,
# docs/operations.md says how:  docker build --tag tingzhen .
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

FROM python:3.11-slim
# A new volume over /data takes owner and mode from here.
RUN groupadd --gid 10001 tingzhen \
 && useradd --uid 10001 --gid tingzhen --no-create-home --shell /usr/sbin/nologin tingzhen \
 && install --directory --mode 0700 --owner tingzhen --group tingzhen /data
COPY --from=build /opt/tingzhen /opt/tingzhen
# PYTHONSAFEPATH: a checkout mounted as the working folder brings its settings, not its code.
ENV PATH=/opt/tingzhen/bin:$PATH \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    TINGZHEN_DATA_DIR=/data
USER 10001:10001
WORKDIR /srv
VOLUME /data
EXPOSE 8000
# The log-in page is written by the same process as all others and asks the records who may log in.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/login', timeout=4)"]
# SIGTERM lets crawls finish their page: `docker stop --time 90`, or stop_grace_period in compose.yaml.
CMD ["tingzhen", "serve"]
