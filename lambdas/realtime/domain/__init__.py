"""What the product is about, pure: standard library only, no clock, no random, no environment."""
