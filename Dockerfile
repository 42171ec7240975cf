# The page and its API in a container. See docs/serve.md.
#   docker build -t thuja .
# The default index's torch brings gigabytes for GPUs. For a machine without one, name an index with torch's CPU wheels:
#   docker build -t thuja --build-arg TORCH_INDEX=https://... .
FROM python:3.11-slim AS build
ARG TORCH_INDEX=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/thuja
ENV PATH=/opt/thuja/bin:$PATH
WORKDIR /build
COPY constraints.txt .
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$(grep '^torch==' constraints.txt)"
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip install -c constraints.txt '.[search,web]'

FROM python:3.11-slim
# torch's kernels share their threads through OpenMP.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/thuja /opt/thuja
ENV PATH=/opt/thuja/bin:$PATH PYTHONUNBUFFERED=1 THUJA_CACHE=/cache HF_HOME=/cache/hub
RUN useradd --uid 10001 --create-home thuja && mkdir /cache && chown thuja /cache
USER thuja
VOLUME /cache
EXPOSE 8080
# Straight to the server: a proxy that the container's environment names would be asked for 127.0.0.1, too.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; \
        build_opener(ProxyHandler({})).open('http://127.0.0.1:8080/healthz', timeout=5)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["thuja"]
CMD ["serve", "--help"]
