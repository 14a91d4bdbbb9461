"""Personal access tokens: what a program signs in with instead of a person's password."""
