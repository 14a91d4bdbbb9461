"""What is known of a login: its kind, whether it works, until when, what its site said, and who uses it."""
