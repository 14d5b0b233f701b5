"""Wire protocols, pure: text in, command out; event in, text out."""
