locals {
  # Composed, not read: SQS takes 25 s to make a queue, and no function waits for that. Nor can one function of a map wait
  # for another of it, which would be a circle.
  failure_queue_name = "${local.prefix}-failures"
  failure_queue_arn  = "${local._queues}:${local.failure_queue_name}"
  tasks_queue_name   = "${local.prefix}-tasks"
  tasks_queue_arn    = "${local._queues}:${local.tasks_queue_name}"
  tasks_queue_url    = "https://sqs.${var.region}.${local.dns_suffix}/${local.account_id}/${local.tasks_queue_name}"
  deliver_name       = "${local.prefix}-deliver"

  # As others invoke it: its alias where it has one, which its module calls live.
  deliver_invoked = local._deliver_is_published ? "${local.deliver_name}:live" : local.deliver_name

  deliver_plain_arn = "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${local.deliver_name}"
  deliver_arn       = "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${local.deliver_invoked}"

  _deliver_is_published = anytrue([
    try(var.function_overrides["deliver"].provisioned_concurrency, 0) > 0,
    try(var.function_overrides["deliver"].snap_start, false),
  ])

  _stage  = module.websocket_api.stage_execution_arn
  _queues = "arn:${local.partition}:sqs:${var.region}:${local.account_id}"

  tables = {
    channels      = module.channels
    connections   = module.connections
    members       = module.members
    state         = module.state
    subscriptions = module.subscriptions
  }

  # What is done with rows, beyond a function's own `tables`, by whoever may `post`: it may find a client gone and forgets it
  # then, tells those that it leaves behind, and vacates what is empty.
  _rows_of_post = {
    channels      = ["DeleteItem", "UpdateItem"]
    connections   = ["BatchGetItem", "DeleteItem"]
    members       = ["DeleteItem", "Query", "UpdateItem"]
    state         = ["DeleteItem", "PutItem", "UpdateItem"]
    subscriptions = ["BatchGetItem", "BatchWriteItem", "Query"]
  }

  # Who posts reads the apps' settings, leaves webhooks to be sent, and shares out what has many readers.
  _may_post = ["deliver", "post", "secret", "tasks"]

  # The words of `may`.
  _permissions = {
    close = { actions = ["execute-api:ManageConnections"], resources = ["${local._stage}/DELETE/@connections/*"] }
    # The alias comes and goes with a setting, and who invokes learns of it later than its role does.
    deliver  = { actions = ["lambda:InvokeFunction"], resources = distinct([local.deliver_plain_arn, local.deliver_arn]) }
    failures = { actions = ["sqs:SendMessage"], resources = [local.failure_queue_arn] }
    look     = { actions = ["execute-api:ManageConnections"], resources = ["${local._stage}/GET/@connections/*"] }
    post     = { actions = ["execute-api:ManageConnections"], resources = ["${local._stage}/POST/@connections/*"] }
    secret   = { actions = ["secretsmanager:GetSecretValue"], resources = [module.apps_secret.arn] }
    tasks    = { actions = ["sqs:SendMessage"], resources = [local.tasks_queue_arn] }

    receive-tasks = {
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [local.tasks_queue_arn]
    }
  }

  # An encrypted queue asks its sender for a data key. $connect sends nothing.
  _queue_key = var.kms_key_arn == null ? {} : {
    QueueKey = { actions = ["kms:GenerateDataKey"], resources = [var.kms_key_arn] }
  }

  _rows = {
    for name, function in local.functions : name => {
      for table in keys(local.tables) : table => sort(concat(
        contains(function.may, "post") ? local._rows_of_post[table] : [],
        try(function.tables[table], []),
      ))
    }
  }

  _statements = {
    for name, function in local.functions : name => merge(
      contains(function.may, "tasks") ? local._queue_key : {},
      {
        for table, actions in local._rows[name] : title(table) => {
          actions   = [for action in actions : "dynamodb:${action}"]
          resources = [local.tables[table].arn]
        } if length(actions) > 0
      },
      { for word in function.may : replace(title(replace(word, "-", " ")), " ", "") => local._permissions[word] },
    )
  }
}
