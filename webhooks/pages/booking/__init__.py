"""The booking pages: choose a service and a time, tell who comes, see the price, book; then move or cancel."""
