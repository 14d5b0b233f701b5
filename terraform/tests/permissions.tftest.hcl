mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = module.connections.aws_dynamodb_table.this
  values = {
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-connections"
  }
}

override_resource {
  target = module.subscriptions.aws_dynamodb_table.this
  values = {
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-subscriptions"
  }
}

override_resource {
  target = module.apps_secret.aws_secretsmanager_secret.this
  values = {
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:milequest-test/apps-AbCdEf"
  }
}

variables {
  environment = "test"
  package_dir = "tests/fixtures/lambdas"
}

# Applied to the mocked AWS: in a plan the ARNs would be unknown.
run "every_function_may_do_what_docs_architecture_says" {
  command = apply

  assert {
    condition = jsonencode({ for id, statement in module.function["websocket-connect"].statements : id => statement if id != "Logs" }) == jsonencode({
      Connections = { actions = ["dynamodb:PutItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-connections"] }
      Secret      = { actions = ["secretsmanager:GetSecretValue"], resources = ["arn:aws:secretsmanager:us-east-1:123456789012:secret:milequest-test/apps-AbCdEf"] }
    })
    error_message = "websocket-connect may do exactly this, beyond writing its own logs."
  }

  assert {
    condition = jsonencode({ for id, statement in module.function["websocket-disconnect"].statements : id => statement if id != "Logs" }) == jsonencode({
      Connections   = { actions = ["dynamodb:DeleteItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-connections"] }
      Subscriptions = { actions = ["dynamodb:BatchWriteItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-subscriptions"] }
    })
    error_message = "websocket-disconnect may do exactly this, beyond writing its own logs."
  }

  assert {
    condition = jsonencode({ for id, statement in module.function["websocket-subscribe"].statements : id => statement if id != "Logs" }) == jsonencode({
      Connections   = { actions = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-connections"] }
      Post          = { actions = ["execute-api:ManageConnections"], resources = ["arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/production/POST/@connections/*"] }
      Subscriptions = { actions = ["dynamodb:BatchWriteItem", "dynamodb:PutItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-subscriptions"] }
    })
    error_message = "websocket-subscribe may do exactly this, beyond writing its own logs."
  }

  assert {
    condition = jsonencode({ for id, statement in module.function["websocket-unsubscribe"].statements : id => statement if id != "Logs" }) == jsonencode({
      Connections   = { actions = ["dynamodb:DeleteItem", "dynamodb:UpdateItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-connections"] }
      Post          = { actions = ["execute-api:ManageConnections"], resources = ["arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/production/POST/@connections/*"] }
      Subscriptions = { actions = ["dynamodb:BatchWriteItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-subscriptions"] }
    })
    error_message = "websocket-unsubscribe may do exactly this, beyond writing its own logs."
  }

  assert {
    condition = jsonencode({ for id, statement in module.function["websocket-broadcast"].statements : id => statement if id != "Logs" }) == jsonencode({
      Connections   = { actions = ["dynamodb:DeleteItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-connections"] }
      Post          = { actions = ["execute-api:ManageConnections"], resources = ["arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/production/POST/@connections/*"] }
      Subscriptions = { actions = ["dynamodb:BatchWriteItem", "dynamodb:Query"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-subscriptions"] }
    })
    error_message = "websocket-broadcast may do exactly this, beyond writing its own logs."
  }

  assert {
    condition = jsonencode({ for id, statement in module.function["websocket-heartbeat"].statements : id => statement if id != "Logs" }) == jsonencode({
      Connections   = { actions = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-connections"] }
      Post          = { actions = ["execute-api:ManageConnections"], resources = ["arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/production/POST/@connections/*"] }
      Subscriptions = { actions = ["dynamodb:BatchWriteItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-subscriptions"] }
    })
    error_message = "websocket-heartbeat may do exactly this, beyond writing its own logs."
  }

  assert {
    condition = jsonencode({ for id, statement in module.function["websocket-message"].statements : id => statement if id != "Logs" }) == jsonencode({
      Connections   = { actions = ["dynamodb:DeleteItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-connections"] }
      Post          = { actions = ["execute-api:ManageConnections"], resources = ["arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/production/POST/@connections/*"] }
      Subscriptions = { actions = ["dynamodb:BatchWriteItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-subscriptions"] }
    })
    error_message = "websocket-message may do exactly this, beyond writing its own logs."
  }

  assert {
    condition = jsonencode({ for id, statement in module.function["sweep"].statements : id => statement if id != "Logs" }) == jsonencode({
      Connections   = { actions = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:Scan"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-connections"] }
      Failures      = { actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:us-east-1:123456789012:milequest-test-failures"] }
      Get           = { actions = ["execute-api:ManageConnections"], resources = ["arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/production/GET/@connections/*"] }
      Subscriptions = { actions = ["dynamodb:BatchWriteItem", "dynamodb:Scan"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-subscriptions"] }
    })
    error_message = "sweep may do exactly this, beyond writing its own logs."
  }
}
