mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment = "test"
  package_dir = "tests/fixtures/lambdas"
}

# Applied to the mocked AWS: in a plan the endpoint would be unknown.
run "every_function_has_the_environment_that_docs_architecture_says" {
  command = apply

  assert {
    condition = toset(keys(module.function)) == toset([
      "sweep",
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
    condition = jsonencode(module.function["websocket-connect"].environment) == jsonencode({
      ALLOW_ANONYMOUS   = "false"
      APPS_SECRET_ID    = "milequest-test/apps"
      APP_ID            = "1"
      CONNECTIONS_TABLE = "milequest-test-connections"
      ENVIRONMENT       = "test"
      LOG_LEVEL         = "INFO"
      METRICS_NAMESPACE = "MileQuest/Realtime"
    })
    error_message = "websocket-connect must have exactly this environment."
  }

  assert {
    condition = jsonencode(module.function["websocket-disconnect"].environment) == jsonencode({
      CONNECTIONS_TABLE   = "milequest-test-connections"
      ENVIRONMENT         = "test"
      LOG_LEVEL           = "INFO"
      METRICS_NAMESPACE   = "MileQuest/Realtime"
      SUBSCRIPTIONS_TABLE = "milequest-test-subscriptions"
    })
    error_message = "websocket-disconnect must have exactly this environment."
  }

  assert {
    condition = jsonencode(module.function["websocket-subscribe"].environment) == jsonencode({
      CONNECTIONS_TABLE   = "milequest-test-connections"
      ENVIRONMENT         = "test"
      LOG_LEVEL           = "INFO"
      MANAGEMENT_ENDPOINT = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production"
      METRICS_NAMESPACE   = "MileQuest/Realtime"
      SUBSCRIPTIONS_TABLE = "milequest-test-subscriptions"
    })
    error_message = "websocket-subscribe must have exactly this environment."
  }

  assert {
    condition = jsonencode(module.function["websocket-unsubscribe"].environment) == jsonencode({
      CONNECTIONS_TABLE   = "milequest-test-connections"
      ENVIRONMENT         = "test"
      LOG_LEVEL           = "INFO"
      MANAGEMENT_ENDPOINT = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production"
      METRICS_NAMESPACE   = "MileQuest/Realtime"
      SUBSCRIPTIONS_TABLE = "milequest-test-subscriptions"
    })
    error_message = "websocket-unsubscribe must have exactly this environment."
  }

  assert {
    condition = jsonencode(module.function["websocket-broadcast"].environment) == jsonencode({
      CONNECTIONS_TABLE   = "milequest-test-connections"
      ENVIRONMENT         = "test"
      LOG_LEVEL           = "INFO"
      MANAGEMENT_ENDPOINT = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production"
      MAX_DATA_BYTES      = "10240"
      METRICS_NAMESPACE   = "MileQuest/Realtime"
      SUBSCRIPTIONS_TABLE = "milequest-test-subscriptions"
    })
    error_message = "websocket-broadcast must have exactly this environment."
  }

  assert {
    condition = jsonencode(module.function["websocket-heartbeat"].environment) == jsonencode({
      CONNECTIONS_TABLE   = "milequest-test-connections"
      ENVIRONMENT         = "test"
      LOG_LEVEL           = "INFO"
      MANAGEMENT_ENDPOINT = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production"
      METRICS_NAMESPACE   = "MileQuest/Realtime"
      SUBSCRIPTIONS_TABLE = "milequest-test-subscriptions"
    })
    error_message = "websocket-heartbeat must have exactly this environment."
  }

  assert {
    condition = jsonencode(module.function["websocket-message"].environment) == jsonencode({
      CONNECTIONS_TABLE   = "milequest-test-connections"
      ENVIRONMENT         = "test"
      LOG_LEVEL           = "INFO"
      MANAGEMENT_ENDPOINT = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production"
      METRICS_NAMESPACE   = "MileQuest/Realtime"
      SUBSCRIPTIONS_TABLE = "milequest-test-subscriptions"
    })
    error_message = "websocket-message must have exactly this environment."
  }

  assert {
    condition = jsonencode(module.function["sweep"].environment) == jsonencode({
      CONNECTIONS_TABLE    = "milequest-test-connections"
      ENVIRONMENT          = "test"
      LOG_LEVEL            = "INFO"
      MANAGEMENT_ENDPOINT  = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production"
      METRICS_NAMESPACE    = "MileQuest/Realtime"
      SILENT_AFTER_SECONDS = "660"
      SUBSCRIPTIONS_TABLE  = "milequest-test-subscriptions"
    })
    error_message = "sweep must have exactly this environment."
  }
}

run "a_function_outlasts_what_it_waits_for" {
  command = apply

  assert {
    condition = jsonencode({ for short_name, function in module.function : short_name => function.timeout_seconds }) == jsonencode({
      sweep                 = 300
      websocket-broadcast   = 29
      websocket-connect     = 20
      websocket-disconnect  = 20
      websocket-heartbeat   = 20
      websocket-message     = 20
      websocket-subscribe   = 20
      websocket-unsubscribe = 20
    })
    error_message = "Adapters give up on a hanging service within 20 s; API Gateway waits 29."
  }
}
