"""Personal access tokens: what a program presents instead of a person's password."""
