"""Reports: computed from the published file, shown as HTML and PDF, archived, told to the log, reproduced."""
