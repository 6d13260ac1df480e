"""`python -m webhooks`: the same as `frontdesk serve`, without loading what other commands need."""

import sys

from core.errors import FrontdeskError
from webhooks.commands import app

if __name__ == "__main__":
    try:
        app()
    except FrontdeskError as error:
        sys.exit(f"{error.title}: {error.detail}")
