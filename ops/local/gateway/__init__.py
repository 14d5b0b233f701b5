"""The HTTP front of the local AWS: one port for clients, @connections, Lambda invoke and moto."""
