"""The secrets that are sent through everything."""

from cryptography.fernet import Fernet

from tests.canary.search import Canary
from tests.support.mlflow_server import TOKEN

# What HTTP, URLs and shells have to escape is in most of them.
SITE_PASSWORD = Canary("the site's password", "Canary%/site+9b1f'pass=word")
WRONG_PASSWORD = Canary("a wrong password for the site", "Canary%/typo+41c7pass=word")
GIT_TOKEN = Canary("the git token", "glpat-Canary%/git+77e2=token")
WRONG_TOKEN = Canary("a wrong git token", "glpat-Canary%/typo+c3d8=token")
SIGN_IN = Canary("the member's password", "Canary%/member+5a0e <pass> & word")
WRONG_SIGN_IN = Canary("a wrong password of the member", "Canary%/typo+e96d <pass> & word")
MLFLOW_TOKEN = Canary("MLflow's secret", TOKEN)
METRICS_TOKEN = Canary("the metrics token", "Canary-metrics~03be/their+token=")
SECRET_KEY = Canary("the secret key", "Canary-secret-key_60aa_" + "k3y/" * 12)
ENCRYPTION_KEYS = [Canary(f"encryption key {place}", Fernet.generate_key().decode()) for place in (1, 2)]
ALL = [
    *(SITE_PASSWORD, WRONG_PASSWORD, GIT_TOKEN, WRONG_TOKEN, SIGN_IN, WRONG_SIGN_IN),
    *(MLFLOW_TOKEN, METRICS_TOKEN, SECRET_KEY, *ENCRYPTION_KEYS),
]
