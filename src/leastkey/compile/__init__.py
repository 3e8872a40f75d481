"""From a spec to what shall exist in IAM: role, trust policy, managed policies, user, boundary, instance profile.

Pure: the same spec, account and catalogue give the same bytes. Nothing here knows what exists already.
"""
