"""What the tests know of the data in the dumps: keys, passwords, names.

All dumps were made with these, and those of releases that are out cannot be made anew: add here, change nothing. The
keys protect nothing; they are used in this suite and nowhere else.
"""

from datetime import UTC, datetime

# When everything in the data happens. The end that is later than any test.
MOMENT = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
NEVER = datetime(2126, 1, 1, tzinfo=UTC)

SECRET_KEY = "WbVca7E18pigzJ5GrrlfErJP0NHG-bGlF7x-OmqEHmj6G_peQvnqvmlIyzUXZ_A2wpI"
ENCRYPTION_KEY = "3WitIADOhGYAC9iw3eaNo6LVjPOh_qq3eSnREkHZNC0="

# Owns the project that goes on, and whom a personal access token belongs to. OTHER has a second factor.
MEMBER = "noor"
OTHER = "sefa"
OPERATOR = "otto"
PASSWORD = "thick ice in the north"
TOKEN = "mantik_874948545b_ql3UaQ2a7vQv_73cJAbhTts0kRCX_TgUJxBDCEFYrZI"
TOTP_SECRET = "MWPVH3KDALBXTMRZOB3I62MRUYKRX76M"

# Its runs and its schedule can go on at a site that has this login, with the code of `sources.py`.
PROJECT = "sea-ice"
FORMER_ADDRESS = "ice"
CODE = "ice-cover"
SITE = "Polar cluster"
SITE_LOGIN = "noor"
SITE_PASSWORD = "s3cret of the polar cluster"
ACCOUNT = "demo"
PENDING_RUN = "never taken up"
POSTED_RUN = "sent without an answer"
SCHEDULE = "each morning"

# What every part of the way has to carry as it is.
ODD_TEXT = 'It\'s "50 %" of C:\\ice; --\n-- naïve → 氷\r\n\tNULL'
ODD_BYTES = b"\x00\xff\xfe'\\\n\r"
