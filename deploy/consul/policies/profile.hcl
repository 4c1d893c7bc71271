# It registers itself, and calls nobody.
service "profile" {
  policy = "write"
}
