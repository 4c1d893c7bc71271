# One static program in an empty image: `docker build -t hotels .`
#
# Two builds of one commit give the same program:
#   SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) docker buildx build --build-arg SOURCE_DATE_EPOCH --build-arg REVISION=$(git rev-parse HEAD) -t hotels .

FROM rust:1.95-alpine AS build
# ring, in TLS, has parts in C and assembly.
RUN apk add --no-cache ca-certificates gcc musl-dev
WORKDIR /src
COPY . .
# Dates in the image, and in whatever would tell when it was built.
ARG SOURCE_DATE_EPOCH=0
# No folder of this stage is named in the program.
ENV RUSTFLAGS="--remap-path-prefix=/src=. --remap-path-prefix=/usr/local/cargo=cargo --remap-path-prefix=/usr/local/rustup=rustup"
# `quick`, which docker-compose.yml takes, optimises less across crates, and compiles a change in a fraction of the time.
ARG PROFILE=release
# Alpine's Rust links statically. The caches keep downloads and everything compiled, so that a change of ours compiles our crates
# alone; they are not part of the layer, therefore the program is copied out of them. Cargo tells a change by a file's date, which
# is of another checkout's time where the caches are; so all are old, but those whose content is not that of the last build.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    last="target/$PROFILE.sources" && echo none >>"$last" \
    && find . -path ./target -prune -o -exec touch -h -d @1 {} + \
    && find . -path ./target -prune -o -type f -exec sha256sum {} + >/tmp/sources \
    && { grep -vxF -f "$last" /tmp/sources | cut -c 67- | tr '\n' '\0' | xargs -0 -r touch; } \
    && { grep -xF -f "$last" /tmp/sources >/tmp/same; cp /tmp/same "$last"; } \
    && if [ "$PROFILE" != release ]; then export CARGO_INCREMENTAL=1; fi \
    && cargo build --profile "$PROFILE" --locked --package hotels \
    && cp /tmp/sources "$last" \
    && install -D -m 0755 "target/$PROFILE/hotels" /image/hotels \
    && install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
    && strip /image/hotels \
    && test "$(wc -c </image/hotels)" -lt 25000000 \
    && find /image -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

FROM scratch
ARG REVISION=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Hotels" \
      org.opencontainers.image.description="A complete system on the Bellhop mesh, in one program" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# An instance registers it.
ENV BELLHOP_VERSION=$VERSION
# The program, and whom to trust where Consul or a collector of traces is behind public TLS.
COPY --from=build /image /
# No name, for there is no /etc/passwd; a number is also what `runAsNonRoot` wants to see.
USER 65532:65532
# The services' gRPC and the frontend's HTTP, as docker-compose.yml has them.
EXPOSE 8080 5000
# There is no shell: the program asks the instance in its container, wherever that listens by HOTELS_LISTEN or HOTELS_HTTP.
HEALTHCHECK --interval=5s --timeout=5s --start-period=20s --retries=6 CMD ["/hotels", "healthcheck"]
# The services stop on SIGTERM, docker's own choice: leave the registry, finish what is in flight, exit 0.
ENTRYPOINT ["/hotels"]
