"""From the log and the businesses' files into the warehouse's raw schema."""
