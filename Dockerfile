# thuja serve in a container: docker build -t thuja . && docker compose up
# On a machine without a GPU torch's CPU wheels are enough, and two gigabytes smaller.
FROM python:3.12-slim AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /src
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY src src
RUN python -m venv /opt/thuja \
    && /opt/thuja/bin/pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" -c constraints.txt '.[search,web]'

FROM python:3.12-slim
COPY --from=build /opt/thuja /opt/thuja
RUN useradd --create-home --uid 10001 thuja
USER thuja
WORKDIR /data
ENV PATH=/opt/thuja/bin:$PATH PYTHONUNBUFFERED=1 OMP_WAIT_POLICY=PASSIVE
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
ENTRYPOINT ["thuja", "serve", "--host", "0.0.0.0", "--port", "8080"]
CMD ["--demo"]
