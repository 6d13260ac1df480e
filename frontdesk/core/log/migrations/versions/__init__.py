"""One file per revision, numbered in the order in which they run; a file that has landed is never changed."""
