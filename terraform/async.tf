# What could not be handled asynchronously, with the reason: two weeks to look at it.
resource "aws_sqs_queue" "failures" {
  name                      = local.failure_queue_name
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
}

# What is to be done after a request was answered: webhooks. A message is tried for five minutes or so, see the function.
module "tasks" {
  source = "./modules/queue"

  name                       = local.tasks_queue_name
  kms_key_arn                = var.kms_key_arn
  maximum_receives           = 10
  visibility_timeout_seconds = 60
}

resource "aws_lambda_event_source_mapping" "tasks" {
  event_source_arn = module.tasks.arn
  function_name    = module.function["webhooks"].arn
  batch_size       = 10

  # One message that failed does not bring the others of its batch back.
  function_response_types = ["ReportBatchItemFailures"]
}

module "sweep_schedule" {
  source = "./modules/schedule"

  name         = "${local.prefix}-sweep"
  description  = "Looks for connections that ended without $disconnect."
  account_id   = local.account_id
  expression   = var.sweep_schedule
  function_arn = module.function["sweep"].arn
}
