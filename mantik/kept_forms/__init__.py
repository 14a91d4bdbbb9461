"""Forms that were filled in when a session ended: kept until their member has signed in again, and then shown as sent.

A form says whose it is (`owners.py`), because after that somebody else may use the same browser. It is shown again
only to that person, only if a page of ours sent it, and only if its address is listed (`addresses.py`). Secrets are not
kept.
"""
