mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  description        = "Tries it out."
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
}

run "a_missing_zip_says_how_to_build_it" {
  command = plan

  variables {
    code = { architecture = "arm64", bucket = "b", handler = "handlers.sweep.handler", key_prefix = "sweep", path = "no/such.zip", runtime = "python3.13" }
  }

  expect_failures = [aws_s3_object.code]
}

run "retries_are_at_most_two" {
  command = plan

  variables {
    asynchronous = { failure_destination_arn = "arn:aws:sqs:us-east-1:123456789012:failures", maximum_retry_attempts = 3 }
  }

  expect_failures = [var.asynchronous]
}

run "event_age_is_a_minute_to_six_hours" {
  command = plan

  variables {
    asynchronous = { failure_destination_arn = "arn:aws:sqs:us-east-1:123456789012:failures", maximum_event_age_seconds = 30 }
  }

  expect_failures = [var.asynchronous]
}

run "architectures_are_closed" {
  command = plan

  variables {
    code = { architecture = "riscv", bucket = "b", handler = "handlers.sweep.handler", key_prefix = "sweep", path = "../../tests/fixtures/lambdas/sweep.zip", runtime = "python3.13" }
  }

  expect_failures = [var.code]
}

run "handler_is_a_dotted_name" {
  command = plan

  variables {
    code = { architecture = "arm64", bucket = "b", handler = "handler", key_prefix = "sweep", path = "../../tests/fixtures/lambdas/sweep.zip", runtime = "python3.13" }
  }

  expect_failures = [var.code]
}

run "runtime_is_python" {
  command = plan

  variables {
    code = { architecture = "arm64", bucket = "b", handler = "handlers.sweep.handler", key_prefix = "sweep", path = "../../tests/fixtures/lambdas/sweep.zip", runtime = "nodejs22.x" }
  }

  expect_failures = [var.code]
}

run "log_retention_is_one_that_cloudwatch_knows" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "memory_is_within_lambdas_limits" {
  command = plan

  variables {
    memory_mb = 64
  }

  expect_failures = [var.memory_mb]
}

run "name_is_plain" {
  command = plan

  variables {
    name = "no spaces"
  }

  expect_failures = [var.name]
}

run "reserved_concurrency_is_whole" {
  command = plan

  variables {
    reserved_concurrency = 1.5
  }

  expect_failures = [var.reserved_concurrency]
}

run "actions_have_no_wildcards" {
  command = plan

  variables {
    statements = { All = { actions = ["dynamodb:*"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/rows"] } }
  }

  expect_failures = [var.statements]
}

run "resources_are_named" {
  command = plan

  variables {
    statements = { All = { actions = ["dynamodb:Query"], resources = ["*"] } }
  }

  expect_failures = [var.statements]
}

run "timeout_is_within_lambdas_limits" {
  command = plan

  variables {
    timeout_seconds = 901
  }

  expect_failures = [var.timeout_seconds]
}

run "provisioned_concurrency_is_whole" {
  command = plan

  variables {
    provisioned_concurrency = 0.5
  }

  expect_failures = [var.provisioned_concurrency]
}

run "provisioned_concurrency_is_within_what_is_reserved" {
  command = plan

  variables {
    provisioned_concurrency = 6
    reserved_concurrency    = 5
  }

  expect_failures = [var.provisioned_concurrency]
}

run "snapshots_need_python_3_12" {
  command = plan

  variables {
    code       = { architecture = "arm64", bucket = "b", handler = "handlers.sweep.handler", key_prefix = "sweep", path = "../../tests/fixtures/lambdas/sweep.zip", runtime = "python3.11" }
    snap_start = true
  }

  expect_failures = [var.snap_start]
}

run "a_snapshot_and_provisioned_concurrency_exclude_each_other" {
  command = plan

  variables {
    provisioned_concurrency = 1
    snap_start              = true
  }

  expect_failures = [var.snap_start]
}
