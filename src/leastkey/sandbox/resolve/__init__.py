"""What a request asks for: its operation, parameters, resources and condition keys."""
