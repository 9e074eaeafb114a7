# The poollab binary: every strategy as a service, and the lab itself. Build context: the repository.
#
#   docker build -t poollab .                          compiles it (needs a registry of images and of crates)
#   scripts/containers-build                           takes target/image/poollab, compiled here
#
# `prebuilt` comes first: Docker's classic builder runs every stage before the one that is asked for.

ARG BASE=debian:bookworm-slim
ARG RUST=rust:1.95-slim-bookworm

FROM ${BASE} AS base
ARG PG_MAJOR=15
# pgbench gives the ceiling of a run. Only the program and the library that it needs: the package around it
# is a whole server.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpq5 ca-certificates \
    && cd /tmp \
    && apt-get download postgresql-${PG_MAJOR} \
    && dpkg-deb --extract postgresql-*.deb server \
    && install server/usr/lib/postgresql/${PG_MAJOR}/bin/pgbench /usr/local/bin/pgbench \
    && rm -rf /tmp/* /var/lib/apt/lists/* \
    && apt-get clean \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent poollab \
    && install -d -o poollab -g poollab /runs
COPY scripts/containers-healthy /usr/local/bin/healthy
WORKDIR /
USER poollab
ENV POOLLAB_LISTEN=0.0.0.0:8080
EXPOSE 8080
# /readyz looks whether Postgres's address accepts connections, and uses none of the slots under test.
# Each look costs some 40 ms of CPU, mostly the engine's.
HEALTHCHECK --interval=10s --timeout=3s --retries=5 CMD ["healthy"]
ENTRYPOINT ["poollab"]
CMD ["--help"]

FROM base AS prebuilt
ARG BINARY=target/image/poollab
COPY ${BINARY} /usr/local/bin/poollab

FROM ${RUST} AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc g++ make cmake perl
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package poollab

FROM base AS compiled
COPY --from=build /src/target/release/poollab /usr/local/bin/poollab
