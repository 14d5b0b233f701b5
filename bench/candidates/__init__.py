"""Ways to deliver one frame to many connections: each a program of its own, run in the bench's environment."""
