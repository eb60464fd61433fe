# A Redis that stands in for the official image where no registry is reached: the same user, the same place of its data.
ARG REDIS_IMAGE
FROM ${REDIS_IMAGE}
RUN mkdir -p /data && chown 999:999 /data
