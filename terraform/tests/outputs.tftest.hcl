mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "./tests/mocks"
}

override_resource {
  target = module.http_api.aws_apigatewayv2_api.this
  values = {
    api_endpoint  = "https://h1t2t3p4a5.execute-api.us-east-1.amazonaws.com"
    execution_arn = "arn:aws:execute-api:us-east-1:123456789012:h1t2t3p4a5"
    id            = "h1t2t3p4a5"
  }
}

override_resource {
  target = module.tasks.aws_sqs_queue.this
  values = {
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/milequest-test-tasks"
  }
}

variables {
  environment = "test"
  package_dir = "tests/fixtures/lambdas"
}

run "every_output_that_ops_reads" {
  command = apply

  assert {
    condition     = output.environment == "test" && output.region == "us-east-1" && output.stage == "production" && output.api_id == "a1b2c3d4e5"
    error_message = "environment, region, stage and api_id must say what this is."
  }

  assert {
    condition     = output.websocket_url == "wss://d1e2d3g4e5.cloudfront.net" && output.http_url == "https://d1e2d3g4e5.cloudfront.net"
    error_message = "Clients and server SDKs must be sent to the edge."
  }

  assert {
    condition = jsonencode(output.pusher) == jsonencode({
      app_id = "1"
      host   = "d1e2d3g4e5.cloudfront.net"
      key    = output.app_key
      port   = 443
      tls    = true
    })
    error_message = "pusher must be what a Pusher client is set up with."
  }

  assert {
    condition     = output.management_endpoint == "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production"
    error_message = "management_endpoint must be where @connections answers."
  }

  assert {
    condition = jsonencode(output.table_names) == jsonencode({
      channels      = "milequest-test-channels"
      connections   = "milequest-test-connections"
      members       = "milequest-test-members"
      state         = "milequest-test-state"
      subscriptions = "milequest-test-subscriptions"
    })
    error_message = "table_names must name every table."
  }

  assert {
    condition = jsonencode(output.function_names) == jsonencode({
      deliver               = "milequest-test-deliver"
      http-api              = "milequest-test-http-api"
      sweep                 = "milequest-test-sweep"
      webhooks              = "milequest-test-webhooks"
      websocket-broadcast   = "milequest-test-websocket-broadcast"
      websocket-connect     = "milequest-test-websocket-connect"
      websocket-disconnect  = "milequest-test-websocket-disconnect"
      websocket-heartbeat   = "milequest-test-websocket-heartbeat"
      websocket-message     = "milequest-test-websocket-message"
      websocket-subscribe   = "milequest-test-websocket-subscribe"
      websocket-unsubscribe = "milequest-test-websocket-unsubscribe"
    })
    error_message = "function_names must map each short name to the name."
  }

  assert {
    condition     = output.app_id == "1" && can(regex("^[0-9a-f]{20}$", output.app_key)) && output.apps_secret_name == "milequest-test/apps"
    error_message = "app_id, app_key and apps_secret_name must lead to the app."
  }

  assert {
    condition     = output.failure_queue_url == "https://sqs.us-east-1.amazonaws.com/123456789012/milequest-test-failures"
    error_message = "failure_queue_url must be the queue's."
  }

  assert {
    condition     = output.tasks_queue_url == "https://sqs.us-east-1.amazonaws.com/123456789012/milequest-test-tasks"
    error_message = "tasks_queue_url must be the queue's."
  }

  assert {
    condition     = output.max_data_bytes == 10240 && tostring(output.max_data_bytes) == module.function["websocket-broadcast"].environment["MAX_DATA_BYTES"]
    error_message = "max_data_bytes must be the number that broadcast is held to."
  }

  assert {
    condition     = output.deliver_function == module.function["websocket-broadcast"].environment["DELIVER_FUNCTION"]
    error_message = "deliver_function must be what the functions invoke."
  }

  assert {
    condition = output.coalesce_max_ms == 0 && jsonencode(output.fanout) == jsonencode({
      direct_readers      = 500
      max_age_seconds     = 300
      max_shares          = 20
      requests_per_second = 5000
      share_readers       = 5000
    })
    error_message = "fanout and coalesce_max_ms must be what the functions are held to."
  }
}

run "each_route_reaches_its_function" {
  command = apply

  assert {
    condition = jsonencode(module.websocket_api.route_functions) == jsonencode({
      "$connect"    = "milequest-test-websocket-connect"
      "$default"    = "milequest-test-websocket-message"
      "$disconnect" = "milequest-test-websocket-disconnect"
      "broadcast"   = "milequest-test-websocket-broadcast"
      "heartbeat"   = "milequest-test-websocket-heartbeat"
      "subscribe"   = "milequest-test-websocket-subscribe"
      "unsubscribe" = "milequest-test-websocket-unsubscribe"
    })
    error_message = "These are all the routes there are, each with its function."
  }

  assert {
    condition     = module.http_api.function_name == "milequest-test-http-api"
    error_message = "The HTTP API must reach its function."
  }

  assert {
    condition     = aws_sqs_queue.failures.sqs_managed_sse_enabled && aws_sqs_queue.failures.message_retention_seconds == 1209600
    error_message = "The failure queue must be encrypted and keep for 14 days."
  }

  assert {
    condition     = local.failure_queue_arn == aws_sqs_queue.failures.arn
    error_message = "The composed ARN must be the queue's."
  }

  assert {
    condition     = length(aws_api_gateway_account.this) == 1
    error_message = "The logging role of the account must be set by default."
  }
}

run "without_the_edge_both_apis_are_reached_directly" {
  command = apply

  variables {
    edge = null
  }

  assert {
    condition     = output.websocket_url == "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production"
    error_message = "Plain clients must be sent to the stage."
  }

  assert {
    condition     = output.http_url == "https://h1t2t3p4a5.execute-api.us-east-1.amazonaws.com"
    error_message = "Server SDKs must be sent to the HTTP API."
  }

  assert {
    condition     = output.pusher.host == null && output.pusher.port == null && output.pusher.tls == null && output.pusher.key == output.app_key
    error_message = "Nothing serves /app/KEY, and no host may claim to."
  }
}

run "an_edge_with_a_domain_of_ones_own" {
  command = apply

  variables {
    edge = {
      custom_domain = { certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c", domain_name = "realtime.example.com" }
    }
  }

  assert {
    condition = (
      output.websocket_url == "wss://realtime.example.com" &&
      output.http_url == "https://realtime.example.com" &&
      output.pusher.host == "realtime.example.com"
    )
    error_message = "Everybody must be sent to the custom domain."
  }

  assert {
    condition     = output.management_endpoint == "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production"
    error_message = "@connections must stay where it is: its calls are signed for that host."
  }
}

run "another_stack_may_own_the_logging_role" {
  command = apply

  variables {
    api_account_logging_role = false
  }

  assert {
    condition     = length(aws_api_gateway_account.this) == 0 && length(aws_iam_role.api_logging) == 0
    error_message = "Nothing of the account's settings may be touched."
  }
}

run "options_reach_the_parts" {
  command = apply

  variables {
    allow_anonymous    = true
    coalesce_max_ms    = 200
    custom_domain      = { certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c", domain_name = "realtime.example.com" }
    edge               = null
    fanout             = { direct_readers = 100, requests_per_second = 800 }
    function_overrides = { websocket-broadcast = { memory_mb = 3538, reserved_concurrency = 50 } }
    kms_key_arn        = "arn:aws:kms:us-east-1:123456789012:key/k"
    xray               = true
  }

  assert {
    condition     = module.function["websocket-connect"].environment["ALLOW_ANONYMOUS"] == "true"
    error_message = "ALLOW_ANONYMOUS must follow allow_anonymous."
  }

  assert {
    condition     = output.coalesce_max_ms == 200 && output.fanout.direct_readers == 100 && output.fanout.requests_per_second == 800
    error_message = "ops publish must be held to the limits that were chosen."
  }

  assert {
    condition     = output.websocket_url == "wss://realtime.example.com"
    error_message = "Clients must be sent to the custom domain."
  }

  assert {
    condition     = module.function["websocket-broadcast"].memory_mb == 3538 && module.function["websocket-broadcast"].reserved_concurrency == 50
    error_message = "function_overrides must reach the function it names."
  }

  assert {
    condition     = module.function["websocket-connect"].memory_mb == 512 && module.function["websocket-connect"].reserved_concurrency == -1
    error_message = "function_overrides must leave the others alone."
  }

  assert {
    condition     = alltrue([for function in module.function : contains(keys(function.statements), "Decrypt") && contains(keys(function.statements), "Trace")])
    error_message = "With a key every function may decrypt, with tracing every function may trace."
  }

  assert {
    condition     = alltrue([for name, function in module.function : contains(keys(function.statements), "QueueKey") == (name != "websocket-connect")])
    error_message = "Sending to an encrypted queue takes a data key."
  }

  assert {
    condition     = aws_sqs_queue.failures.kms_master_key_id == "arn:aws:kms:us-east-1:123456789012:key/k"
    error_message = "The key must encrypt the failure queue."
  }
}
