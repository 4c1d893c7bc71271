# It registers itself, and calls nobody.
service "geo" {
  policy = "write"
}
