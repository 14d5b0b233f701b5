mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "./tests/mocks"
}

override_resource {
  target = module.tasks.aws_sqs_queue.this
  values = {
    arn = "arn:aws:sqs:us-east-1:123456789012:milequest-test-tasks"
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/milequest-test-tasks"
  }
}

variables {
  environment = "test"
  package_dir = "tests/fixtures/lambdas"
}

# Applied to the mocked AWS: in a plan the endpoint would be unknown. Without the edge, whose hash is another at every apply.
run "every_function_has_the_environment_that_docs_architecture_says" {
  command = apply

  variables {
    edge = null
  }

  assert {
    condition = toset(keys(module.function)) == toset([
      "deliver",
      "http-api",
      "sweep",
      "webhooks",
      "websocket-broadcast",
      "websocket-connect",
      "websocket-disconnect",
      "websocket-heartbeat",
      "websocket-message",
      "websocket-subscribe",
      "websocket-unsubscribe",
    ])
    error_message = "These are all the functions there are."
  }

  assert {
    condition     = local.function_names == keys(local.functions)
    error_message = "function_names must be the keys of functions."
  }

  assert {
    condition = jsonencode(module.function["websocket-connect"].environment) == jsonencode({
      ALLOW_ANONYMOUS   = "false"
      APP_ID            = "1"
      APPS_SECRET_ID    = "milequest-test/apps"
      COALESCE_MAX_MS   = "0"
      CONNECTIONS_TABLE = "milequest-test-connections"
      DELIVER_FUNCTION  = "milequest-test-deliver"
      ENVIRONMENT       = "test"
      LOG_LEVEL         = "INFO"
      METRICS_NAMESPACE = "MileQuest/Realtime"
      STATE_TABLE       = "milequest-test-state"
    })
    error_message = "websocket-connect must have exactly this environment."
  }

  # The others share theirs; what is a function's own stands beside its name.
  assert {
    condition = alltrue([
      for name, own in {
        deliver               = {}
        http-api              = { MAX_DATA_BYTES = "10240" }
        sweep                 = { SILENT_AFTER_SECONDS = "660" }
        webhooks              = { ALLOW_INSECURE_WEBHOOKS = "false" }
        websocket-broadcast   = { MAX_DATA_BYTES = "10240" }
        websocket-disconnect  = {}
        websocket-heartbeat   = { MAX_DATA_BYTES = "10240" }
        websocket-message     = { MAX_DATA_BYTES = "10240" }
        websocket-subscribe   = { MAX_DATA_BYTES = "10240" }
        websocket-unsubscribe = { MAX_DATA_BYTES = "10240" }
      } :
      jsonencode(module.function[name].environment) == jsonencode(merge(own, {
        APPS_SECRET_ID      = "milequest-test/apps"
        CHANNELS_TABLE      = "milequest-test-channels"
        COALESCE_MAX_MS     = "0"
        CONNECTIONS_TABLE   = "milequest-test-connections"
        DELIVER_FUNCTION    = "milequest-test-deliver"
        ENVIRONMENT         = "test"
        LOG_LEVEL           = "INFO"
        MANAGEMENT_ENDPOINT = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production"
        MEMBERS_TABLE       = "milequest-test-members"
        METRICS_NAMESPACE   = "MileQuest/Realtime"
        STATE_TABLE         = "milequest-test-state"
        SUBSCRIPTIONS_TABLE = "milequest-test-subscriptions"
        TASKS_QUEUE_URL     = "https://sqs.us-east-1.amazonaws.com/123456789012/milequest-test-tasks"

        FANOUT_DIRECT_READERS      = "500"
        FANOUT_MAX_AGE_SECONDS     = "300"
        FANOUT_MAX_SHARES          = "20"
        FANOUT_REQUESTS_PER_SECOND = "5000"
        FANOUT_SHARE_READERS       = "5000"
      }))
    ])
    error_message = "Every other function must have exactly what they share and what is its own."
  }
}

run "behind_the_edge_who_walks_round_it_is_refused" {
  command = apply

  assert {
    condition = (
      keys({ for name, function in module.function : name => function if contains(keys(function.environment), "ORIGIN_HEADER_SHA256") })
      == ["http-api", "websocket-connect"]
    )
    error_message = "Those that clients reach must know the hash of the secret header, and nobody else."
  }

  assert {
    condition = alltrue([
      for name in ["http-api", "websocket-connect"] :
      module.function[name].environment["ORIGIN_HEADER_SHA256"] == module.edge[0].origin_header_sha256
    ])
    error_message = "The hash must be that of what the edge sends."
  }
}

run "a_function_outlasts_what_it_waits_for" {
  command = apply

  assert {
    condition = jsonencode({ for short_name, function in module.function : short_name => function.timeout_seconds }) == jsonencode({
      deliver               = 120
      http-api              = 29
      sweep                 = 300
      webhooks              = 30
      websocket-broadcast   = 29
      websocket-connect     = 20
      websocket-disconnect  = 20
      websocket-heartbeat   = 20
      websocket-message     = 20
      websocket-subscribe   = 20
      websocket-unsubscribe = 20
    })
    error_message = "Adapters give up on a hanging service within 20 s; API Gateway waits 29, the queue of tasks 60."
  }
}

run "tasks_reach_webhooks" {
  command = apply

  assert {
    condition     = local.tasks_queue_arn == module.tasks.arn && local.tasks_queue_url == module.tasks.url
    error_message = "The composed ARN and URL must be the queue's."
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.tasks.event_source_arn == module.tasks.arn &&
      aws_lambda_event_source_mapping.tasks.function_name == module.function["webhooks"].arn &&
      aws_lambda_event_source_mapping.tasks.batch_size == 10 &&
      aws_lambda_event_source_mapping.tasks.function_response_types == toset(["ReportBatchItemFailures"])
    )
    error_message = "Lambda must hand batches of tasks to webhooks, and take back what failed alone."
  }

  assert {
    condition     = local.deliver_name == module.function["deliver"].name
    error_message = "$connect must invoke the function that there is."
  }
}

run "settings_of_the_fan_out_reach_those_who_publish" {
  command = apply

  variables {
    coalesce_max_ms = 250
    fanout          = { direct_readers = 100, requests_per_second = 9000 }
  }

  assert {
    condition = alltrue([
      for name in ["deliver", "http-api", "websocket-broadcast", "websocket-message"] :
      module.function[name].environment["FANOUT_DIRECT_READERS"] == "100" &&
      module.function[name].environment["FANOUT_REQUESTS_PER_SECOND"] == "9000" &&
      module.function[name].environment["FANOUT_SHARE_READERS"] == "5000"
    ])
    error_message = "What is set must be what they are told, and the rest the defaults."
  }

  assert {
    condition     = alltrue([for function in module.function : function.environment["COALESCE_MAX_MS"] == "250"])
    error_message = "Who lets clients in and who publishes must know how long events may wait."
  }
}
