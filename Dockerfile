FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    MALLOC_MMAP_THRESHOLD_=1048576 \
    FACESITE_HOST=0.0.0.0

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY . .
RUN python -m facesite.catalogues \
    && useradd --system --uid 1000 --no-create-home facesite \
    && install --directory --owner facesite --mode 700 /data

USER facesite
VOLUME /data
EXPOSE 8000

# The whole site in one container; compose.yaml starts its parts one by one instead.
CMD ["python", "manage.py", "up"]
