"""`python -m webhooks`: the same as `frontdesk serve`, without loading what other commands need."""

import sys

from frontdesk.core.errors import FrontdeskError
from frontdesk.core.private_files import begin_privately
from webhooks.cli import app

if __name__ == "__main__":
    begin_privately()
    try:
        app()
    except FrontdeskError as error:
        sys.exit(f"{error.title}: {error.detail}")
