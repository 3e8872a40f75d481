"""The only importer of boto3 and botocore: maps AWS's answers to our values and its errors to AwsError, scrubbed."""
