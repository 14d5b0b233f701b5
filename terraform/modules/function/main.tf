locals {
  # Terraform never builds. A zip that is missing must end in the precondition below, not in an error of a file function.
  _zip_exists = fileexists(var.code.path)
  _zip_sha256 = local._zip_exists ? filesha256(var.code.path) : "missing"

  # Lambda keeps published versions ready, never the code that was uploaded last ($LATEST). Whoever invokes the function
  # then names an alias, which every apply moves on to the version that it published.
  _is_published = var.snap_start || var.provisioned_concurrency > 0
  _qualifier    = local._is_published ? "live" : null
}

# The content is in the key: new code is a new object, and the function moves to it before the old one goes.
resource "aws_s3_object" "code" {
  bucket      = var.code.bucket
  key         = "${var.code.key_prefix}/${local._zip_sha256}.zip"
  source      = var.code.path
  source_hash = local._zip_sha256

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = local._zip_exists
      error_message = "There is no zip at ${var.code.path}. Build it with: ops package ${var.code.key_prefix}"
    }
  }
}

# Before the function, which would otherwise make the group itself at its first run, without retention.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:A customer managed key is the operator's choice (kms_key_arn); without one CloudWatch's own key encrypts the group.
  #checkov:skip=CKV_AWS_338:How long logs are kept is the operator's choice (log_retention_days); they hold keys and counts, no audit trail.
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_116:A dead letter queue is only for asynchronous invocations; those have a failure destination, which also tells why.
  #checkov:skip=CKV_AWS_117:Talks to AWS APIs alone. A VPC would add NAT gateways and cold start time, and protect nothing.
  #checkov:skip=CKV_AWS_272:The code comes from a bucket that only who deploys can write to, and its hash is in the plan.
  function_name = var.name
  description   = var.description
  role          = aws_iam_role.this.arn

  architectures    = [var.code.architecture]
  handler          = var.code.handler
  runtime          = var.code.runtime
  s3_bucket        = aws_s3_object.code.bucket
  s3_key           = aws_s3_object.code.key
  source_code_hash = local._zip_exists ? filebase64sha256(var.code.path) : null

  publish = local._is_published

  kms_key_arn                    = var.kms_key_arn
  memory_size                    = var.memory_mb
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)
  timeout                        = var.timeout_seconds

  environment {
    variables = var.environment
  }

  dynamic "snap_start" {
    for_each = var.snap_start ? ["PublishedVersions"] : []

    content {
      apply_on = snap_start.value
    }
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  depends_on = [
    aws_cloudwatch_log_group.this,
    aws_iam_role_policy.this,
  ]
}

resource "aws_lambda_alias" "live" {
  count = local._is_published ? 1 : 0

  name             = local._qualifier
  description      = "What is invoked: the version that the last apply published."
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_lambda_provisioned_concurrency_config" "this" {
  count = var.provisioned_concurrency > 0 ? 1 : 0

  function_name                     = aws_lambda_function.this.function_name
  provisioned_concurrent_executions = var.provisioned_concurrency
  qualifier                         = aws_lambda_alias.live[0].name
}

# Only for what is invoked asynchronously: what a caller waits for fails in front of the caller.
resource "aws_lambda_function_event_invoke_config" "this" {
  count = var.asynchronous == null ? 0 : 1

  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = var.asynchronous.maximum_event_age_seconds
  maximum_retry_attempts       = var.asynchronous.maximum_retry_attempts
  qualifier                    = one(aws_lambda_alias.live[*].name)

  destination_config {
    on_failure {
      destination = var.asynchronous.failure_destination_arn
    }
  }
}
