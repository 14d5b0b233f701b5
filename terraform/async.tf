# What could not be handled asynchronously, with the reason: two weeks to look at it.
resource "aws_sqs_queue" "failures" {
  name                      = local.failure_queue_name
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
}

module "sweep_schedule" {
  source = "./modules/schedule"

  name         = "${local.prefix}-sweep"
  description  = "Looks for connections that ended without $disconnect."
  account_id   = local.account_id
  expression   = var.sweep_schedule
  function_arn = module.function["sweep"].arn
}
