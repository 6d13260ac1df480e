"""Reports by week and month, one partition each."""
