"""What an automation is: rules, templates and the cost of texts, as a tenant's file declares them."""
