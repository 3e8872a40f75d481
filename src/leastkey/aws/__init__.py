"""The only importer of botocore: maps AWS's answers to our values and its errors to AwsError, scrubbed.

`connect` finds the administrator and makes clients; `iam`, `sts` and `calls` implement the ports; `parse` turns
answers into values; `door` makes every request, through `limiter`, and is where every exception of botocore ends.
`sigv4`, `sts_direct` and `http_post` need nothing but the standard library: the credential helper and the sandbox use them.
"""
