"""What there is: accounts, sessions, moto's resources, and read-only views of them."""
