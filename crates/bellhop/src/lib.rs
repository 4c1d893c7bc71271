//! A Consul-discovered gRPC mesh for tonic services, without sidecars.
