"""What is packed or linked where something runs on boto3 and sees nothing else."""

from __future__ import annotations

BOTO3 = ("boto3", "botocore", "jmespath", "s3transfer", "urllib3", "python-dateutil", "six")
