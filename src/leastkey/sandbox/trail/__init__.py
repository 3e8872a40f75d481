"""The evidence: each call as a CloudTrail event and as a decision that can be explained. Nothing here decides."""
