mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "./tests/mocks"
}

override_resource {
  target = module.channels.aws_dynamodb_table.this
  values = {
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-channels"
  }
}

override_resource {
  target = module.connections.aws_dynamodb_table.this
  values = {
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-connections"
  }
}

override_resource {
  target = module.members.aws_dynamodb_table.this
  values = {
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-members"
  }
}

override_resource {
  target = module.state.aws_dynamodb_table.this
  values = {
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-state"
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
      Deliver     = { actions = ["lambda:InvokeFunction"], resources = ["arn:aws:lambda:us-east-1:123456789012:function:milequest-test-deliver"] }
      Secret      = { actions = ["secretsmanager:GetSecretValue"], resources = ["arn:aws:secretsmanager:us-east-1:123456789012:secret:milequest-test/apps-AbCdEf"] }
      State       = { actions = ["dynamodb:UpdateItem"], resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-state"] }
    })
    error_message = "websocket-connect may do exactly this, beyond writing its own logs."
  }

  # The others post, and share what may follow from it; what is a function's own stands beside its name.
  assert {
    condition = alltrue([
      for name, own in {
        deliver  = { rows = { connections = ["UpdateItem"] }, statements = ["Close", "Failures"] }
        http-api = { rows = { channels = ["Query"], state = ["GetItem"] }, statements = ["Close"] }
        webhooks = { rows = { connections = ["GetItem"], members = ["BatchGetItem"] }, statements = ["Close", "ReceiveTasks"] }

        sweep = {
          rows       = { channels = ["Scan"], connections = ["Scan"], members = ["Scan"], subscriptions = ["Scan"] }
          statements = ["Failures", "Look"]
        }

        websocket-broadcast   = { rows = { connections = ["GetItem"] }, statements = [] }
        websocket-disconnect  = { rows = {}, statements = [] }
        websocket-heartbeat   = { rows = { connections = ["GetItem", "UpdateItem"] }, statements = [] }
        websocket-unsubscribe = { rows = { connections = ["GetItem", "UpdateItem"], members = ["BatchGetItem"], subscriptions = ["DeleteItem"] }, statements = [] }

        websocket-message = {
          rows = {
            channels      = ["GetItem"]
            connections   = ["GetItem", "UpdateItem"]
            members       = ["BatchGetItem"]
            state         = ["GetItem"]
            subscriptions = ["DeleteItem", "PutItem"]
          }
          statements = ["Close"]
        }

        websocket-subscribe = {
          rows = {
            channels      = ["GetItem"]
            connections   = ["GetItem", "UpdateItem"]
            state         = ["GetItem"]
            subscriptions = ["PutItem"]
          }
          statements = []
        }
      } :
      jsonencode({ for id, statement in module.function[name].statements : id => statement if id != "Logs" }) == jsonencode(merge(
        {
          for id, statement in {
            Close    = { actions = ["execute-api:ManageConnections"], resources = ["arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/production/DELETE/@connections/*"] }
            Failures = { actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:us-east-1:123456789012:milequest-test-failures"] }
            Look     = { actions = ["execute-api:ManageConnections"], resources = ["arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/production/GET/@connections/*"] }

            ReceiveTasks = {
              actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
              resources = ["arn:aws:sqs:us-east-1:123456789012:milequest-test-tasks"]
            }
          } : id => statement if contains(own.statements, id)
        },
        {
          Deliver = { actions = ["lambda:InvokeFunction"], resources = ["arn:aws:lambda:us-east-1:123456789012:function:milequest-test-deliver"] }
          Post    = { actions = ["execute-api:ManageConnections"], resources = ["arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/production/POST/@connections/*"] }
          Secret  = { actions = ["secretsmanager:GetSecretValue"], resources = ["arn:aws:secretsmanager:us-east-1:123456789012:secret:milequest-test/apps-AbCdEf"] }
          Tasks   = { actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:us-east-1:123456789012:milequest-test-tasks"] }
        },
        {
          for table, actions in {
            channels      = ["DeleteItem", "UpdateItem"]
            connections   = ["BatchGetItem", "DeleteItem"]
            members       = ["DeleteItem", "Query", "UpdateItem"]
            state         = ["DeleteItem", "PutItem", "UpdateItem"]
            subscriptions = ["BatchGetItem", "BatchWriteItem", "Query"]
            } : title(table) => {
            actions   = [for action in sort(concat(actions, try(own.rows[table], []))) : "dynamodb:${action}"]
            resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/milequest-test-${table}"]
          }
        },
      ))
    ])
    error_message = "Every other function may do exactly what they share and what is its own, beyond writing its own logs."
  }
}
