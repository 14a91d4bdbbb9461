"""What is known about a login: its kind, whether and until when it works, what its site said, and who uses it."""
