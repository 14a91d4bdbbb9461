"""The address of a project, and its former addresses, which keep leading to it."""
