# It finds the members, registers nothing, and reads nothing else.
service_prefix "" {
  policy = "read"
}
# On which node, hence at which address.
node_prefix "" {
  policy = "read"
}
