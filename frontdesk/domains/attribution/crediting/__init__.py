"""Attribution models over aggregated paths: pure functions, for the warehouse and `frontdesk attribution`."""
