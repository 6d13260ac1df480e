"""Attribution models over aggregated paths: pure functions, used by the warehouse and by `frontdesk attribution`."""
