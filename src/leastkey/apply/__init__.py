"""The flow that makes the account as the plan says: observe, carry out, resume, destroy. Knows AWS only through `ports`."""
