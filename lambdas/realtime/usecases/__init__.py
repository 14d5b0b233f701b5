"""What the backend does: connect, receive and its actions, publish, disconnect, sweep."""
