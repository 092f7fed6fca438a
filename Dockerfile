# One image for every part of the product; which part a container is, its command says. It needs no writable root:
# data is in /data, scratch in /tmp.
FROM python:3.13-slim-bookworm AS build
WORKDIR /app
COPY requirements requirements
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
 && .venv/bin/uv pip install --no-cache --compile-bytecode --require-hashes -r requirements/run.txt -r requirements/servers.txt
COPY . .
ENV PATH=/app/.venv/bin:$PATH
RUN uv pip install --no-cache --no-deps --no-build-isolation --editable . \
 && npm ci --prefix api/web/assets --ignore-scripts --no-audit --no-fund \
 && npm run --prefix api/web/assets build \
 && rm -rf api/web/assets/node_modules \
 && python -m compileall -q api crm_core pbx recordings transcribe \
 && firstring models fetch

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --create-home firstring
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 \
    FIRSTRING_DATA_DIR=/data FIRSTRING_HOST=0.0.0.0 FIRSTRING_LOG_FORMAT=json
USER 10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
CMD ["firstring", "serve"]
