mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  access_log  = { retention_days = 30 }
  description = "Channels."
  name        = "milequest-test-websocket"
  routes      = {}
  stage       = "production"
  throttling  = { burst_limit = 100, rate_limit = 200 }
}

run "access_log_retention_is_one_that_cloudwatch_knows" {
  command = plan

  variables {
    access_log = { retention_days = 31 }
  }

  expect_failures = [var.access_log]
}

run "domain_name_is_a_host_name" {
  command = plan

  variables {
    custom_domain = { certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c", domain_name = "https://realtime.example.com" }
  }

  expect_failures = [var.custom_domain]
}

run "certificate_is_of_acm" {
  command = plan

  variables {
    custom_domain = { certificate_arn = "arn:aws:iam::123456789012:server-certificate/c", domain_name = "realtime.example.com" }
  }

  expect_failures = [var.custom_domain]
}

run "mapping_key_has_no_slash_in_front" {
  command = plan

  variables {
    custom_domain = { certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c", domain_name = "realtime.example.com", mapping_key = "/v1" }
  }

  expect_failures = [var.custom_domain]
}

run "execution_log_levels_are_closed" {
  command = plan

  variables {
    execution_log = { level = "DEBUG" }
  }

  expect_failures = [var.execution_log]
}

run "name_is_plain" {
  command = plan

  variables {
    name = "no spaces"
  }

  expect_failures = [var.name]
}

run "route_keys_are_those_that_api_gateway_takes" {
  command = plan

  variables {
    routes = { "$other" = { function_name = "f", invoke_arn = "arn:aws:lambda" } }
  }

  expect_failures = [var.routes]
}

run "timeout_is_at_most_29_seconds" {
  command = plan

  variables {
    routes = { "subscribe" = { function_name = "f", invoke_arn = "arn:aws:lambda", timeout_milliseconds = 30000 } }
  }

  expect_failures = [var.routes]
}

run "stage_is_plain" {
  command = plan

  variables {
    stage = "$default"
  }

  expect_failures = [var.stage]
}

run "a_throttle_of_zero_lets_nothing_pass" {
  command = plan

  variables {
    throttling = { burst_limit = 0, rate_limit = 200 }
  }

  expect_failures = [var.throttling]
}
