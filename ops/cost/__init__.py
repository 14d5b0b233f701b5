"""What AWS asks for what was used. The prices are in prices.json, each with where it is from and how sure it is."""
