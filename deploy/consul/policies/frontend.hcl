# It registers itself.
service "frontend" {
  policy = "write"
}
# It calls search and profile, and its page shows the whole mesh.
service_prefix "" {
  policy = "read"
}
# On which node, hence at which address.
node_prefix "" {
  policy = "read"
}
# How it is to share out its calls.
key_prefix "bellhop/" {
  policy = "read"
}
