# It registers itself, and calls nobody.
service "rate" {
  policy = "write"
}
