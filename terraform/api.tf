locals {
  # The plain protocol names its route in `action`; frames without one fall to $default.
  routes = {
    "$connect"    = "websocket-connect"
    "$default"    = "websocket-message"
    "$disconnect" = "websocket-disconnect"
    "broadcast"   = "websocket-broadcast"
    "heartbeat"   = "websocket-heartbeat"
    "subscribe"   = "websocket-subscribe"
    "unsubscribe" = "websocket-unsubscribe"
  }
}

module "websocket_api" {
  source = "./modules/websocket_api"

  name             = "${local.prefix}-websocket"
  description      = "Channels over WebSockets."
  stage            = var.stage
  custom_domain    = var.custom_domain
  detailed_metrics = var.api_detailed_metrics
  execution_log    = var.api_execution_log

  access_log = {
    kms_key_arn    = var.kms_key_arn
    retention_days = var.access_log_retention_days
  }

  routes = {
    for key, function in local.routes : key => {
      function_name = module.function[function].name
      invoke_arn    = module.function[function].invoke_arn
      qualifier     = module.function[function].qualifier
    }
  }

  throttling = {
    burst_limit = var.throttling_burst_limit
    rate_limit  = var.throttling_rate_limit
  }

  # Without a logging role in the account a stage with logs cannot be made.
  depends_on = [aws_api_gateway_account.this]
}

module "http_api" {
  source = "./modules/http_api"

  name             = "${local.prefix}-http"
  description      = "Pusher's HTTP API, for server SDKs."
  detailed_metrics = var.api_detailed_metrics

  access_log = {
    kms_key_arn    = var.kms_key_arn
    retention_days = var.access_log_retention_days
  }

  function = {
    invoke_arn = module.function["http-api"].invoke_arn
    name       = module.function["http-api"].name
    qualifier  = module.function["http-api"].qualifier
  }

  throttling = {
    burst_limit = var.throttling_burst_limit
    rate_limit  = var.throttling_rate_limit
  }
}

# One setting for all APIs of the account in this region: one stack may hold it, see the variable.
resource "aws_api_gateway_account" "this" {
  count = var.api_account_logging_role ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.api_logging[0].arn

  depends_on = [aws_iam_role_policy_attachment.api_logging]
}

data "aws_iam_policy_document" "api_logging_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "api_logging" {
  count = var.api_account_logging_role ? 1 : 0

  name               = "${local.prefix}-api-logging"
  description        = "Lets API Gateway write the logs of every API in this account and region."
  assume_role_policy = data.aws_iam_policy_document.api_logging_assume.json
}

# AWS's own policy for this: API Gateway checks the role against it and refuses a narrower one.
resource "aws_iam_role_policy_attachment" "api_logging" {
  count = var.api_account_logging_role ? 1 : 0

  role       = aws_iam_role.api_logging[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}
