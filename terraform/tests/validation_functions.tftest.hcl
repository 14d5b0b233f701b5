mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "./tests/mocks"
}

variables {
  environment = "test"
  package_dir = "tests/fixtures/lambdas"
}

run "anonymous_never_in_prod" {
  command = plan

  variables {
    allow_anonymous = true
    environment     = "prod"
  }

  expect_failures = [var.allow_anonymous]
}

run "insecure_webhooks_only_on_the_local_aws" {
  command = plan

  variables {
    allow_insecure_webhooks = true
  }

  expect_failures = [var.allow_insecure_webhooks]
}

run "architectures_are_closed" {
  command = plan

  variables {
    architecture = "riscv"
  }

  expect_failures = [var.architecture]
}

run "overrides_name_functions_that_exist" {
  command = plan

  variables {
    function_overrides = { nobody = { memory_mb = 512 } }
  }

  expect_failures = [var.function_overrides]
}

run "a_snapshot_and_provisioned_concurrency_exclude_each_other" {
  command = plan

  variables {
    function_overrides = { websocket-connect = { provisioned_concurrency = 1, snap_start = true } }
  }

  expect_failures = [var.function_overrides]
}

run "snapshots_need_python_3_12" {
  command = plan

  variables {
    function_overrides = { websocket-connect = { snap_start = true } }
    runtime            = "python3.11"
  }

  expect_failures = [var.function_overrides]
}

run "provisioned_concurrency_is_whole" {
  command = plan

  variables {
    function_overrides = { websocket-connect = { provisioned_concurrency = 0.5 } }
  }

  expect_failures = [var.function_overrides]
}

run "provisioned_concurrency_is_within_what_is_reserved" {
  command = plan

  variables {
    function_overrides = { websocket-connect = { provisioned_concurrency = 6, reserved_concurrency = 5 } }
  }

  expect_failures = [var.function_overrides]
}

run "data_fits_into_a_message" {
  command = plan

  variables {
    max_data_bytes = 131072
  }

  expect_failures = [var.max_data_bytes]
}

run "package_dir_has_no_slash_at_the_end" {
  command = plan

  variables {
    package_dir = "lambdas/"
  }

  expect_failures = [var.package_dir]
}

run "runtime_is_python" {
  command = plan

  variables {
    runtime = "nodejs22.x"
  }

  expect_failures = [var.runtime]
}

run "silence_is_whole_seconds" {
  command = plan

  variables {
    silent_after_seconds = 0
  }

  expect_failures = [var.silent_after_seconds]
}

run "schedule_is_rate_or_cron" {
  command = plan

  variables {
    sweep_schedule = "every minute"
  }

  expect_failures = [var.sweep_schedule]
}

run "log_levels_are_closed" {
  command = plan

  variables {
    log_level = "TRACE"
  }

  expect_failures = [var.log_level]
}

run "log_retention_is_one_that_cloudwatch_knows" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "metrics_namespace_is_not_of_aws" {
  command = plan

  variables {
    metrics_namespace = "AWS/Lambda"
  }

  expect_failures = [var.metrics_namespace]
}
