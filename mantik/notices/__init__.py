"""Notices: what happened while people were away, under the bell and by e-mail."""
