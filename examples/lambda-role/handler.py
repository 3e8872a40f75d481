"""A Lambda function: reads an order from a bucket, and keeps its total in a table."""

from __future__ import annotations

import json
from typing import Any

import boto3


def handler(event: dict[str, str], context: object) -> dict[str, int]:
    """Answer an event that names an order."""
    del context
    order: dict[str, Any] = json.loads(
        boto3.client("s3").get_object(Bucket="acme-orders", Key=event["key"])["Body"].read()
    )
    total = sum(item["price"] * item["count"] for item in order["items"])
    boto3.client("dynamodb").put_item(
        TableName="totals", Item={"order": {"S": event["key"]}, "total": {"N": str(total)}}
    )
    return {"total": total}
