# Everything; with --target serving what answers photos alone, for web processes and workers of a
# site whose model the full image has built.
FROM python:3.11-slim AS base

# MALLOC_*: as for the workers of `manage.py up`, which says why.
ENV PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    MALLOC_MMAP_THRESHOLD_=8388608 \
    MALLOC_TRIM_THRESHOLD_=8388608 \
    FACESITE_HOST=0.0.0.0

WORKDIR /app
RUN useradd --system --uid 1000 --no-create-home facesite \
    && install --directory --owner facesite --mode 700 /data
COPY requirements-serving.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements-serving.txt
VOLUME /data
EXPOSE 8000

FROM base AS serving
COPY . .
RUN python -m facesite.catalogues
USER facesite
CMD ["python", "-m", "facesite.web"]

FROM base AS full
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
RUN python -m facesite.catalogues
USER facesite
# The whole site in one container; compose.yaml starts its parts one by one instead.
CMD ["python", "manage.py", "up"]
