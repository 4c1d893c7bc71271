# It registers itself, and calls geo and rate.
service "search" {
  policy = "write"
}
service "geo" {
  policy = "read"
}
service "rate" {
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
