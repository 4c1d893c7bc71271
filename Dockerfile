# One static program in an empty image: `docker build -t hotels .`

FROM rust:1.95-alpine AS build
# ring, in TLS, has parts in C and assembly.
RUN apk add --no-cache ca-certificates gcc musl-dev
WORKDIR /src
COPY . .
# Alpine's Rust links statically. The caches keep downloads and everything compiled, so that a change of ours compiles our crates
# alone; they are not part of the layer, therefore the program is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package hotels \
    && install -D -m 0755 target/release/hotels /image/hotels \
    && install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt

FROM scratch
# The program, and whom to trust where Consul or a collector of traces is behind public TLS.
COPY --from=build /image /
# No name, for there is no /etc/passwd; a number is also what `runAsNonRoot` wants to see.
USER 65532:65532
# The services' gRPC and the frontend's HTTP, as docker-compose.yml has them.
EXPOSE 8080 5000
# The services stop on SIGTERM, docker's own choice: leave the registry, finish what is in flight, exit 0.
ENTRYPOINT ["/hotels"]
