locals {
  _every_function = {
    ENVIRONMENT       = var.environment
    LOG_LEVEL         = var.log_level
    METRICS_NAMESPACE = var.metrics_namespace
  }

  # What it takes to tell clients something, with all that may follow from it: a client found gone leaves its channels, and
  # channels and webhooks hear of that.
  _protocol = {
    APPS_SECRET_ID      = module.apps_secret.name
    CHANNELS_TABLE      = module.channels.name
    COALESCE_MAX_MS     = tostring(var.coalesce_max_ms)
    CONNECTIONS_TABLE   = module.connections.name
    DELIVER_FUNCTION    = local.deliver_invoked
    MANAGEMENT_ENDPOINT = module.websocket_api.management_endpoint
    MEMBERS_TABLE       = module.members.name
    STATE_TABLE         = module.state.name
    SUBSCRIPTIONS_TABLE = module.subscriptions.name
    TASKS_QUEUE_URL     = local.tasks_queue_url

    FANOUT_DIRECT_READERS      = tostring(var.fanout.direct_readers)
    FANOUT_MAX_AGE_SECONDS     = tostring(var.fanout.max_age_seconds)
    FANOUT_MAX_SHARES          = tostring(var.fanout.max_shares)
    FANOUT_REQUESTS_PER_SECOND = tostring(var.fanout.requests_per_second)
    FANOUT_SHARE_READERS       = tostring(var.fanout.share_readers)
  }

  # What clients and servers send is held to it.
  _limits = { MAX_DATA_BYTES = tostring(var.max_data_bytes) }

  # The keys of `functions`, for variables that are checked against them: the map itself depends on those.
  function_names = [
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
  ]

  # Every Lambda: the key is its short name, the name of its zip and, with _ for -, of its handler. What `tables` and `may`
  # stand for is in permissions.tf.
  functions = {
    websocket-connect = {
      description = "$connect: checks token or key and writes the connection."
      environment = merge(local._behind_edge, {
        ALLOW_ANONYMOUS   = tostring(var.allow_anonymous)
        APP_ID            = module.apps_secret.app_id
        APPS_SECRET_ID    = module.apps_secret.name
        COALESCE_MAX_MS   = tostring(var.coalesce_max_ms)
        CONNECTIONS_TABLE = module.connections.name
        DELIVER_FUNCTION  = local.deliver_invoked
        STATE_TABLE       = module.state.name
      })
      tables = {
        connections = ["PutItem"]
        state       = ["UpdateItem"]
      }
      may = ["deliver", "secret"]
    }

    websocket-disconnect = {
      description = "$disconnect: deletes the connection and its subscriptions."
      environment = local._protocol
      tables      = {}
      may         = local._may_post
    }

    websocket-subscribe = {
      description = "subscribe: puts a connection into a channel."
      environment = merge(local._protocol, local._limits)
      tables = {
        channels      = ["GetItem"]
        connections   = ["GetItem", "UpdateItem"]
        state         = ["GetItem"]
        subscriptions = ["PutItem"]
      }
      may = local._may_post
    }

    websocket-unsubscribe = {
      description = "unsubscribe: takes a connection out of a channel."
      environment = merge(local._protocol, local._limits)
      tables = {
        connections   = ["GetItem", "UpdateItem"]
        members       = ["BatchGetItem"]
        subscriptions = ["DeleteItem"]
      }
      may = local._may_post
    }

    websocket-broadcast = {
      description     = "broadcast: sends an event to every other subscriber of a channel."
      environment     = merge(local._protocol, local._limits)
      memory_mb       = 1769 # one whole core: sending is what costs CPU
      timeout_seconds = 29
      tables          = { connections = ["GetItem"] }
      may             = local._may_post
    }

    websocket-heartbeat = {
      description = "heartbeat: notes that a connection is alive, and answers."
      environment = merge(local._protocol, local._limits)
      tables      = { connections = ["GetItem", "UpdateItem"] }
      may         = local._may_post
    }

    websocket-message = {
      description = "$default: every frame of Pusher's protocol, and every other that names no route."
      environment = merge(local._protocol, local._limits)
      tables = {
        channels      = ["GetItem"]
        connections   = ["GetItem", "UpdateItem"]
        members       = ["BatchGetItem"]
        state         = ["GetItem"]
        subscriptions = ["DeleteItem", "PutItem"]
      }
      may = concat(local._may_post, ["close"])
    }

    http-api = {
      description     = "Pusher's HTTP API: publishes, and tells what is in channels."
      environment     = merge(local._behind_edge, local._protocol, local._limits)
      memory_mb       = 1769 # as broadcast
      timeout_seconds = 29
      tables = {
        channels = ["Query"]
        state    = ["GetItem"]
      }
      may = concat(local._may_post, ["close"])
    }

    deliver = {
      description     = "Asynchronously: the first frame of a connection, and shares of what a large channel is sent."
      environment     = local._protocol
      memory_mb       = 512 # a share waits more than it computes: with a whole core it is as fast, and costs three times as much
      timeout_seconds = 120
      tables          = { connections = ["UpdateItem"] }
      may             = concat(local._may_post, ["close", "failures"])

      # A share knows how far it came, and goes on from there: there is time for two more runs of it.
      asynchronous = { maximum_event_age_seconds = 900, maximum_retry_attempts = 2 }
    }

    webhooks = {
      description     = "From the queue of tasks: sends webhooks."
      environment     = merge(local._protocol, { ALLOW_INSECURE_WEBHOOKS = tostring(var.allow_insecure_webhooks) })
      timeout_seconds = 30 # half of what the queue waits before it shows a message again
      tables = {
        connections = ["GetItem"]
        members     = ["BatchGetItem"]
      }
      may = concat(local._may_post, ["close", "receive-tasks"])
    }

    sweep = {
      description     = "On a schedule: removes connections that ended without $disconnect."
      environment     = merge(local._protocol, { SILENT_AFTER_SECONDS = tostring(var.silent_after_seconds) })
      timeout_seconds = 300
      tables = {
        channels      = ["Scan"]
        connections   = ["Scan"]
        members       = ["Scan"]
        subscriptions = ["Scan"]
      }
      may = concat(local._may_post, ["failures", "look"])

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
  statements  = local._statements[each.key]

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

  provisioned_concurrency = try(var.function_overrides[each.key].provisioned_concurrency, 0)
  snap_start              = try(var.function_overrides[each.key].snap_start, false)

  # Longer than the adapters' patience with an AWS service that hangs: the client is told and it is logged before Lambda
  # ends the run.
  timeout_seconds = try(each.value.timeout_seconds, 20)

  asynchronous = try(each.value.asynchronous, null) == null ? null : merge(
    each.value.asynchronous,
    { failure_destination_arn = aws_sqs_queue.failures.arn },
  )
}
