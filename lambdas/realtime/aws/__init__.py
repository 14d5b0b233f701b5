"""The adapters behind the ports, without boto3: its import alone costs more than a cold start of ours."""
