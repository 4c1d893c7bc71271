//! Keeps an instance registered in Consul for as long as it serves.
