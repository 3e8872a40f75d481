"""The credential helper the AWS CLI runs."""
