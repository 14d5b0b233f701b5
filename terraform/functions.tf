locals {
  # Composed, not read from the queue: SQS is slow to answer, and no function has to wait for that.
  failure_queue_name = "${local.prefix}-failures"
  failure_queue_arn  = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${local.failure_queue_name}"

  _connections   = module.connections.arn
  _subscriptions = module.subscriptions.arn
  _get           = "${module.websocket_api.stage_execution_arn}/GET/@connections/*"
  _post          = "${module.websocket_api.stage_execution_arn}/POST/@connections/*"

  _every_function = {
    ENVIRONMENT       = var.environment
    LOG_LEVEL         = var.log_level
    METRICS_NAMESPACE = var.metrics_namespace
  }

  _sends = {
    CONNECTIONS_TABLE   = module.connections.name
    MANAGEMENT_ENDPOINT = module.websocket_api.management_endpoint
    SUBSCRIPTIONS_TABLE = module.subscriptions.name
  }

  # Every Lambda: the key is its short name, the name of its zip and, with _ for -, of its handler.
  functions = {
    websocket-connect = {
      description = "$connect: checks the token and writes the connection."
      environment = {
        ALLOW_ANONYMOUS   = tostring(var.allow_anonymous)
        APP_ID            = module.apps_secret.app_id
        APPS_SECRET_ID    = module.apps_secret.name
        CONNECTIONS_TABLE = module.connections.name
      }
      statements = {
        Connections = { actions = ["dynamodb:PutItem"], resources = [local._connections] }
        Secret      = { actions = ["secretsmanager:GetSecretValue"], resources = [module.apps_secret.arn] }
      }
    }

    websocket-disconnect = {
      description = "$disconnect: deletes the connection and its subscriptions."
      environment = {
        CONNECTIONS_TABLE   = module.connections.name
        SUBSCRIPTIONS_TABLE = module.subscriptions.name
      }
      statements = {
        Connections   = { actions = ["dynamodb:DeleteItem"], resources = [local._connections] }
        Subscriptions = { actions = ["dynamodb:BatchWriteItem"], resources = [local._subscriptions] }
      }
    }

    websocket-subscribe = {
      description = "subscribe: puts a connection into a channel."
      environment = local._sends
      statements = {
        Connections = {
          actions   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
          resources = [local._connections]
        }
        Subscriptions = {
          actions   = ["dynamodb:BatchWriteItem", "dynamodb:PutItem"]
          resources = [local._subscriptions]
        }
        Post = { actions = ["execute-api:ManageConnections"], resources = [local._post] }
      }
    }

    websocket-unsubscribe = {
      description = "unsubscribe: takes a connection out of a channel."
      environment = local._sends
      statements = {
        Connections = {
          actions   = ["dynamodb:DeleteItem", "dynamodb:UpdateItem"]
          resources = [local._connections]
        }
        Subscriptions = { actions = ["dynamodb:BatchWriteItem"], resources = [local._subscriptions] }
        Post          = { actions = ["execute-api:ManageConnections"], resources = [local._post] }
      }
    }

    websocket-broadcast = {
      description     = "broadcast: sends an event to every other subscriber of a channel."
      environment     = merge(local._sends, { MAX_DATA_BYTES = tostring(var.max_data_bytes) })
      memory_mb       = 1769 # one whole core: sending is what costs CPU
      timeout_seconds = 29
      statements = {
        Connections = { actions = ["dynamodb:DeleteItem"], resources = [local._connections] }
        Subscriptions = {
          actions   = ["dynamodb:BatchWriteItem", "dynamodb:Query"]
          resources = [local._subscriptions]
        }
        Post = { actions = ["execute-api:ManageConnections"], resources = [local._post] }
      }
    }

    websocket-heartbeat = {
      description = "heartbeat: notes that a connection is alive, and answers."
      environment = local._sends
      statements = {
        Connections = {
          actions   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
          resources = [local._connections]
        }
        Subscriptions = { actions = ["dynamodb:BatchWriteItem"], resources = [local._subscriptions] }
        Post          = { actions = ["execute-api:ManageConnections"], resources = [local._post] }
      }
    }

    websocket-message = {
      description = "$default: every frame that names no route."
      environment = local._sends
      statements = {
        Connections   = { actions = ["dynamodb:DeleteItem"], resources = [local._connections] }
        Subscriptions = { actions = ["dynamodb:BatchWriteItem"], resources = [local._subscriptions] }
        Post          = { actions = ["execute-api:ManageConnections"], resources = [local._post] }
      }
    }

    sweep = {
      description     = "On a schedule: removes connections that ended without $disconnect."
      environment     = merge(local._sends, { SILENT_AFTER_SECONDS = tostring(var.silent_after_seconds) })
      timeout_seconds = 300
      statements = merge(
        {
          Connections = {
            actions   = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:Scan"]
            resources = [local._connections]
          }
          Subscriptions = {
            actions   = ["dynamodb:BatchWriteItem", "dynamodb:Scan"]
            resources = [local._subscriptions]
          }
          Get      = { actions = ["execute-api:ManageConnections"], resources = [local._get] }
          Failures = { actions = ["sqs:SendMessage"], resources = [local.failure_queue_arn] }
        },
        # An encrypted queue asks its sender for a data key.
        var.kms_key_arn == null ? {} : {
          FailuresKey = { actions = ["kms:GenerateDataKey"], resources = [var.kms_key_arn] }
        },
      )
      # The next run does what a failed one did not.
      asynchronous = { maximum_event_age_seconds = 300, maximum_retry_attempts = 1 }
    }
  }
}

module "function" {
  source   = "./modules/function"
  for_each = local.functions

  name        = "${local.prefix}-${each.key}"
  description = each.value.description
  environment = merge(local._every_function, each.value.environment)
  statements  = each.value.statements

  code = {
    architecture = var.architecture
    bucket       = module.artifacts.bucket
    handler      = "handlers.${replace(each.key, "-", "_")}.handler"
    key_prefix   = each.key
    path         = "${startswith(var.package_dir, "/") ? "" : "${path.root}/"}${var.package_dir}/${each.key}.zip"
    runtime      = var.runtime
  }

  kms_key_arn          = var.kms_key_arn
  log_retention_days   = var.log_retention_days
  memory_mb            = coalesce(try(var.function_overrides[each.key].memory_mb, null), try(each.value.memory_mb, 512))
  reserved_concurrency = try(var.function_overrides[each.key].reserved_concurrency, null)
  tracing              = var.xray

  # Longer than the adapters' patience with an AWS service that hangs: the client is told and it is logged before Lambda
  # ends the run.
  timeout_seconds = try(each.value.timeout_seconds, 20)

  asynchronous = try(each.value.asynchronous, null) == null ? null : merge(
    each.value.asynchronous,
    { failure_destination_arn = aws_sqs_queue.failures.arn },
  )
}
