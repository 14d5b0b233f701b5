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

run "environment_is_plain" {
  command = plan

  variables {
    environment = "Dev"
  }

  expect_failures = [var.environment]
}

run "kms_key_is_a_key_of_the_region" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
  }

  expect_failures = [var.kms_key_arn]
}

run "kms_key_is_no_alias" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:alias/k"
  }

  expect_failures = [var.kms_key_arn]
}

run "name_is_plain" {
  command = plan

  variables {
    name = "Mile Quest"
  }

  expect_failures = [var.name]
}

run "region_is_a_region" {
  command = plan

  variables {
    region = "virginia"
  }

  expect_failures = [var.region]
}

run "recovery_window_is_0_or_7_to_30" {
  command = plan

  variables {
    secret_recovery_window_days = 3
  }

  expect_failures = [var.secret_recovery_window_days]
}
