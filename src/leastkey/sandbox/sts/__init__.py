"""AWS STS, wholly ours: who may wear which role, for how long, and with what session."""
