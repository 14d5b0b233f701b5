mock_provider "aws" {
  source = "../../tests/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../tests/mocks"
}

variables {
  access_log    = { retention_days = 30 }
  http_api      = { domain_name = "h1t2t3p4a5.execute-api.eu-west-1.amazonaws.com" }
  name          = "milequest-test-edge"
  websocket_api = { domain_name = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", stage = "production" }
}

run "access_log_retention_is_one_that_cloudwatch_knows" {
  command = plan

  variables {
    access_log = { retention_days = 31 }
  }

  expect_failures = [var.access_log]
}

run "key_of_the_log_is_in_virginia" {
  command = plan

  variables {
    access_log = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k", retention_days = 30 }
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

run "certificate_is_in_virginia" {
  command = plan

  variables {
    custom_domain = { certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/c", domain_name = "realtime.example.com" }
  }

  expect_failures = [var.custom_domain]
}

run "name_leaves_room_for_the_function" {
  command = plan

  variables {
    name = "milequest-test-0123456789012345678901234567890123456789-edge"
  }

  expect_failures = [var.name]
}

run "price_classes_are_closed" {
  command = plan

  variables {
    price_class = "PriceClass_300"
  }

  expect_failures = [var.price_class]
}

run "rate_limit_is_one_that_waf_takes" {
  command = plan

  variables {
    rate_limit = 9
  }

  expect_failures = [var.rate_limit]
}

run "web_acl_is_of_cloudfront" {
  command = plan

  variables {
    web_acl_arn = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/ours/1"
  }

  expect_failures = [var.web_acl_arn]
}

run "a_distribution_has_one_web_acl" {
  command = plan

  variables {
    rate_limit  = 500
    web_acl_arn = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/ours/1"
  }

  expect_failures = [var.web_acl_arn]
}
