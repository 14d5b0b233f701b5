locals {
  # Never the query string, which carries tokens and signatures, nor cookies or the referrer, which may.
  _access_log_fields = [
    "date",
    "time",
    "c-ip",
    "cs-method",
    "cs-protocol",
    "cs-uri-stem",
    "sc-bytes",
    "sc-status",
    "ssl-protocol",
    "time-taken",
    "x-edge-detailed-result-type",
    "x-edge-location",
    "x-edge-request-id",
    "x-host-header",
  ]
}

# CloudWatch Logs lets the delivery write to this group by itself, when the delivery is made.
resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_158:A customer managed key is the operator's choice (access_log.kms_key_arn); without one CloudWatch's own key encrypts the group.
  #checkov:skip=CKV_AWS_338:How long logs are kept is the operator's choice (access_log.retention_days).
  provider = aws.us_east_1

  name              = "/aws/vendedlogs/cloudfront/${var.name}/access"
  retention_in_days = var.access_log.retention_days
  kms_key_id        = var.access_log.kms_key_arn
}

resource "aws_cloudwatch_log_delivery_source" "this" {
  provider = aws.us_east_1

  name         = var.name
  log_type     = "ACCESS_LOGS"
  resource_arn = aws_cloudfront_distribution.this.arn
}

resource "aws_cloudwatch_log_delivery_destination" "this" {
  provider = aws.us_east_1

  name          = var.name
  output_format = "json"

  delivery_destination_configuration {
    destination_resource_arn = aws_cloudwatch_log_group.access.arn
  }
}

resource "aws_cloudwatch_log_delivery" "this" {
  provider = aws.us_east_1

  delivery_destination_arn = aws_cloudwatch_log_delivery_destination.this.arn
  delivery_source_name     = aws_cloudwatch_log_delivery_source.this.name
  record_fields            = local._access_log_fields
}
