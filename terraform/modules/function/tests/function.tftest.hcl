mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  description        = "Tries it out."
  environment        = { LOG_LEVEL = "INFO" }
  log_retention_days = 30
  name               = "milequest-test-sweep"

  code = {
    architecture = "arm64"
    bucket       = "milequest-test-artifacts"
    handler      = "handlers.sweep.handler"
    key_prefix   = "sweep"
    path         = "../../tests/fixtures/lambdas/sweep.zip"
    runtime      = "python3.13"
  }

  statements = {
    Rows = {
      actions   = ["dynamodb:Query", "dynamodb:GetItem"]
      resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/rows"]
    }
  }
}

run "the_function_runs_the_zip" {
  command = apply

  assert {
    condition = (
      aws_s3_object.code.key == "sweep/${filesha256("../../tests/fixtures/lambdas/sweep.zip")}.zip" &&
      aws_s3_object.code.bucket == "milequest-test-artifacts"
    )
    error_message = "The object's key must name its content."
  }

  assert {
    condition = (
      aws_lambda_function.this.s3_bucket == "milequest-test-artifacts" &&
      aws_lambda_function.this.s3_key == aws_s3_object.code.key &&
      aws_lambda_function.this.source_code_hash == filebase64sha256("../../tests/fixtures/lambdas/sweep.zip")
    )
    error_message = "The function must read its code from the bucket, and change with it."
  }

  assert {
    condition = (
      aws_lambda_function.this.handler == "handlers.sweep.handler" &&
      tolist(aws_lambda_function.this.architectures) == tolist(["arm64"]) &&
      aws_lambda_function.this.runtime == "python3.13"
    )
    error_message = "Handler, architecture and runtime must be those of the code."
  }

  assert {
    condition = (
      aws_lambda_function.this.memory_size == 256 &&
      aws_lambda_function.this.timeout == 20 &&
      aws_lambda_function.this.reserved_concurrent_executions == -1 &&
      aws_lambda_function.this.tracing_config[0].mode == "PassThrough"
    )
    error_message = "Unless told otherwise: 256 MB, 20 s, nothing reserved, no traces."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/milequest-test-sweep" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group must be the one that Lambda writes to, with its retention."
  }

  assert {
    condition     = length(aws_lambda_function_event_invoke_config.this) == 0
    error_message = "A function that is waited for needs no failure destination."
  }

  assert {
    condition     = output.environment == tomap({ LOG_LEVEL = "INFO" }) && output.name == "milequest-test-sweep" && output.timeout_seconds == 20
    error_message = "The outputs must be those of the function."
  }

  assert {
    condition     = output.arn == aws_lambda_function.this.arn && output.invoke_arn == aws_lambda_function.this.invoke_arn
    error_message = "The outputs must be what invokes it."
  }

  assert {
    condition = (
      !aws_lambda_function.this.publish && length(aws_lambda_function.this.snap_start) == 0 &&
      length(aws_lambda_alias.live) == 0 && length(aws_lambda_provisioned_concurrency_config.this) == 0 &&
      output.qualifier == null && !output.snap_start && output.provisioned_concurrency == 0
    )
    error_message = "Unless told otherwise nothing is published, and nothing kept ready."
  }
}

run "a_snapshot_is_made_of_what_is_published_and_that_is_invoked" {
  command = apply

  variables {
    asynchronous = { failure_destination_arn = "arn:aws:sqs:us-east-1:123456789012:failures" }
    snap_start   = true
  }

  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_function.this.snap_start[0].apply_on == "PublishedVersions" && output.snap_start
    error_message = "Every version must be published, with a snapshot."
  }

  assert {
    condition     = aws_lambda_alias.live[0].function_version == aws_lambda_function.this.version && output.qualifier == "live"
    error_message = "The alias must be the version that was published."
  }

  assert {
    condition     = output.arn == aws_lambda_alias.live[0].arn && output.invoke_arn == aws_lambda_alias.live[0].invoke_arn
    error_message = "What invokes the function must invoke the alias."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this[0].qualifier == "live"
    error_message = "What cannot be handled must reach the destination from the alias too."
  }

  assert {
    condition     = length(aws_lambda_provisioned_concurrency_config.this) == 0
    error_message = "Lambda allows one of the two."
  }
}

run "provisioned_concurrency_is_of_what_is_invoked" {
  command = apply

  variables {
    provisioned_concurrency = 3
    reserved_concurrency    = 3
  }

  assert {
    condition = (
      aws_lambda_provisioned_concurrency_config.this[0].provisioned_concurrent_executions == 3 &&
      aws_lambda_provisioned_concurrency_config.this[0].qualifier == aws_lambda_alias.live[0].name &&
      output.provisioned_concurrency == 3
    )
    error_message = "The alias must have the environments that were asked for."
  }

  assert {
    condition     = aws_lambda_function.this.publish && length(aws_lambda_function.this.snap_start) == 0
    error_message = "Versions must be published, without snapshots."
  }
}

run "the_role_may_do_what_is_listed" {
  command = apply

  assert {
    condition = jsonencode(output.statements) == jsonencode({
      Logs = {
        actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        resources = ["arn:aws:logs:us-east-1:123456789012:log-group:mocked:*"]
      }
      Rows = {
        actions   = ["dynamodb:GetItem", "dynamodb:Query"]
        resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/rows"]
      }
    })
    error_message = "The role may write its own logs and do what is listed, nothing else."
  }

  assert {
    condition     = one(one(data.aws_iam_policy_document.assume.statement[0].principals).identifiers) == "lambda.amazonaws.com"
    error_message = "Only Lambda may use the role."
  }
}

run "options" {
  command = apply

  variables {
    asynchronous         = { failure_destination_arn = "arn:aws:sqs:us-east-1:123456789012:failures", maximum_retry_attempts = 0 }
    kms_key_arn          = "arn:aws:kms:us-east-1:123456789012:key/k"
    memory_mb            = 1769
    reserved_concurrency = 5
    timeout_seconds      = 300
    tracing              = true
  }

  assert {
    condition = (
      aws_lambda_function_event_invoke_config.this[0].destination_config[0].on_failure[0].destination == "arn:aws:sqs:us-east-1:123456789012:failures" &&
      aws_lambda_function_event_invoke_config.this[0].maximum_event_age_in_seconds == 3600 &&
      aws_lambda_function_event_invoke_config.this[0].maximum_retry_attempts == 0
    )
    error_message = "What cannot be handled must reach the destination."
  }

  assert {
    condition = (
      aws_lambda_function.this.memory_size == 1769 &&
      aws_lambda_function.this.timeout == 300 &&
      aws_lambda_function.this.reserved_concurrent_executions == 5 &&
      aws_lambda_function.this.tracing_config[0].mode == "Active"
    )
    error_message = "Memory, time, concurrency and tracing must reach the function."
  }

  assert {
    condition     = aws_lambda_function.this.kms_key_arn == "arn:aws:kms:us-east-1:123456789012:key/k" && aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/k"
    error_message = "The key must encrypt environment and logs."
  }

  assert {
    condition     = output.statements["Decrypt"].resources == tolist(["arn:aws:kms:us-east-1:123456789012:key/k"]) && output.statements["Decrypt"].actions == tolist(["kms:Decrypt"])
    error_message = "With a key the role may decrypt with that key."
  }

  assert {
    condition     = output.statements["Trace"].actions == tolist(["xray:PutTelemetryRecords", "xray:PutTraceSegments"])
    error_message = "With tracing the role may send traces."
  }
}
