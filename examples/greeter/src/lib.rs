//! A greeter server and client on Bellhop, to copy.
