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

run "events_wait_a_second_at_most" {
  command = plan

  variables {
    coalesce_max_ms = 1001
  }

  expect_failures = [var.coalesce_max_ms]
}

run "numbers_of_the_fan_out_are_whole" {
  command = plan

  variables {
    fanout = { share_readers = 0.5 }
  }

  expect_failures = [var.fanout]
}

run "a_publish_ends_in_time" {
  command = plan

  variables {
    fanout = { direct_readers = 10001 }
  }

  expect_failures = [var.fanout]
}

run "a_share_has_requests_to_book" {
  command = plan

  variables {
    fanout = { direct_readers = 400, requests_per_second = 49 }
  }

  expect_failures = [var.fanout]
}

run "the_least_rate_is_enough" {
  command = plan

  variables {
    fanout = { direct_readers = 500, requests_per_second = 50 }
  }

  assert {
    condition     = module.function["deliver"].environment["FANOUT_REQUESTS_PER_SECOND"] == "50"
    error_message = "50 requests a second must be allowed, with ten times as many direct readers."
  }
}

run "the_rate_lets_a_publish_end_in_time" {
  command = plan

  variables {
    fanout = { direct_readers = 501, requests_per_second = 50 }
  }

  expect_failures = [var.fanout]
}

run "shares_leave_the_account_some_concurrency" {
  command = plan

  variables {
    fanout = { max_shares = 501 }
  }

  expect_failures = [var.fanout]
}

run "a_share_is_dropped_before_lambda_drops_it" {
  command = plan

  variables {
    fanout = { max_age_seconds = 601 }
  }

  expect_failures = [var.fanout]
}
