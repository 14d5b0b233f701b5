output "api_id" {
  description = "Id of the WebSocket API, for its metrics and logs."
  value       = module.websocket_api.api_id
}

output "app_id" {
  description = "Id of the app that tokens are checked against."
  value       = module.apps_secret.app_id
}

output "app_key" {
  description = "Public key of the app as first written; after a rotation the secret is the authority."
  value       = module.apps_secret.app_key
}

output "apps_secret_name" {
  description = "Name of the secret that holds apps and keys, for `ops token` and for rotation."
  value       = module.apps_secret.name
}

output "coalesce_max_ms" {
  description = "Longest that plain clients may have events wait (ms), for `ops publish` to let them."
  value       = var.coalesce_max_ms
}

output "deliver_function" {
  description = "What is invoked to deliver large publishes: the name of deliver, with its alias where it has one."
  value       = local.deliver_invoked
}

output "environment" {
  description = "Environment that this is, for `ops` to check that it talks to the one it means."
  value       = var.environment

  # Over the state of another environment nothing changes, not even this.
  depends_on = [terraform_data.stack]
}

output "failure_queue_url" {
  description = "Queue of events that could not be handled, for alarms and for looking into it."
  value       = aws_sqs_queue.failures.url
}

output "fanout" {
  description = "How an event reaches a channel's readers, for `ops publish` to keep to."
  value       = var.fanout
}

output "function_names" {
  description = "Short name of each function to its name, for logs and for invoking it."
  value       = { for short_name, function in module.function : short_name => function.name }
}

output "http_url" {
  description = "Where server SDKs send requests."
  value       = var.edge == null ? module.http_api.http_url : module.edge[0].http_url
}

output "management_endpoint" {
  description = "Where @connections answers, for `ops` and for one's own publishers."
  value       = module.websocket_api.management_endpoint
}

output "max_data_bytes" {
  description = "Largest data of one event: what `ops publish` may send."
  value       = var.max_data_bytes
}

output "pusher" {
  description = "What a Pusher client or server SDK is set up with. host, port and tls are null without the edge: API Gateway alone cannot serve /app/KEY."
  value = {
    app_id = module.apps_secret.app_id
    host   = one(module.edge[*].domain_name)
    key    = module.apps_secret.app_key
    port   = var.edge == null ? null : 443
    tls    = var.edge == null ? null : true
  }
}

output "region" {
  description = "Region of the stack, for every client of AWS."
  value       = var.region
}

output "stage" {
  description = "Stage of the API: the path under which clients connect."
  value       = module.websocket_api.stage
}

output "table_names" {
  description = "Names of the tables, for `ops connections`."
  value       = { for name, table in local.tables : name => table.name }
}

output "tasks_queue_url" {
  description = "Queue of webhooks to send, for alarms and for looking into it. What failed for good is in the one with -dead after its name."
  value       = module.tasks.url
}

output "websocket_url" {
  description = "Where clients connect."
  value       = var.edge == null ? module.websocket_api.websocket_url : module.edge[0].websocket_url
}
