"""Forms that were filled in when a session ended, or that want their member to say again who they are: kept until they
have, and then shown as sent.

A form says whose it is (`owners.py`), because after that somebody else may use the same browser. It is shown again
only to that person, only if a page of ours sent it, and only if its address is listed (`addresses.py`). Secrets are not
kept.
"""
