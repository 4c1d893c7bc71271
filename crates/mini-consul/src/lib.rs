//! A Consul-compatible HTTP agent in miniature, for laptops and tests.
