"""Code repositories: their local mirrors, the logins to read them, and links to pages of their hosts."""
