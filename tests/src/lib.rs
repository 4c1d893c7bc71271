//! Hotels end to end: the whole system over real sockets.
