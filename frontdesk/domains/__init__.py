"""One folder per noun of the business; a lower layer never imports a higher one."""
