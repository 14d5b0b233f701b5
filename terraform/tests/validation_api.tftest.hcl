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

run "access_log_retention_is_one_that_cloudwatch_knows" {
  command = plan

  variables {
    access_log_retention_days = 31
  }

  expect_failures = [var.access_log_retention_days]
}

run "execution_log_levels_are_closed" {
  command = plan

  variables {
    api_execution_log = { level = "DEBUG" }
  }

  expect_failures = [var.api_execution_log]
}

run "no_payload_trace_in_prod" {
  command = plan

  variables {
    api_execution_log = { data_trace = true }
    environment       = "prod"
  }

  expect_failures = [var.api_execution_log]
}

run "certificate_is_of_the_region" {
  command = plan

  variables {
    custom_domain = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/c", domain_name = "realtime.example.com" }
    edge          = null
  }

  expect_failures = [var.custom_domain]
}

run "an_apis_own_domain_does_not_go_with_the_edge" {
  command = plan

  variables {
    custom_domain = { certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c", domain_name = "realtime.example.com" }
  }

  expect_failures = [var.custom_domain]
}

run "certificate_of_the_edge_is_in_virginia" {
  command = plan

  variables {
    edge   = { custom_domain = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/c", domain_name = "realtime.example.com" } }
    region = "eu-west-1"
  }

  expect_failures = [var.edge]
}

run "no_edge_in_china" {
  command = plan

  variables {
    region = "cn-north-1"
  }

  expect_failures = [var.edge]
}

run "stage_is_plain" {
  command = plan

  variables {
    stage = "$default"
  }

  expect_failures = [var.stage]
}

run "a_burst_of_zero_lets_nothing_pass" {
  command = plan

  variables {
    throttling_burst_limit = 0
  }

  expect_failures = [var.throttling_burst_limit]
}

run "a_rate_of_zero_lets_nothing_pass" {
  command = plan

  variables {
    throttling_rate_limit = 0
  }

  expect_failures = [var.throttling_rate_limit]
}
