"""Code repositories as Mantik keeps them: mirrors, logins, and the pages of their hosts."""
