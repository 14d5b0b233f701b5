locals {
  # Every field is a key or a number. Never the query string, which carries the token, nor the body.
  _access_log_format = {
    apiId             = "$context.apiId"
    connectionId      = "$context.connectionId"
    error             = "$context.error.responseType"
    eventType         = "$context.eventType"
    integrationError  = "$context.integration.error"
    integrationMs     = "$context.integrationLatency"
    integrationStatus = "$context.integration.status"
    lambdaStatus      = "$context.integration.integrationStatus"
    messageId         = "$context.messageId"
    requestId         = "$context.requestId"
    routeKey          = "$context.routeKey"
    sourceIp          = "$context.identity.sourceIp"
    stage             = "$context.stage"
    status            = "$context.status"
    time              = "$context.requestTimeEpoch"
  }
}

resource "aws_apigatewayv2_api" "this" {
  name                       = var.name
  description                = var.description
  protocol_type              = "WEBSOCKET"
  route_selection_expression = var.route_selection_expression
}

resource "aws_apigatewayv2_integration" "this" {
  for_each = var.routes

  api_id               = aws_apigatewayv2_api.this.id
  description          = each.value.function_name
  integration_type     = "AWS_PROXY"
  integration_method   = "POST"
  integration_uri      = each.value.invoke_arn
  timeout_milliseconds = each.value.timeout_milliseconds
}

resource "aws_apigatewayv2_route" "this" {
  #checkov:skip=CKV_AWS_309:WebSocket APIs know authorizers on $connect alone; there the function checks the token itself, which saves a second invocation.
  for_each = var.routes

  api_id    = aws_apigatewayv2_api.this.id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.this[each.key].id}"
}

resource "aws_lambda_permission" "this" {
  for_each = var.routes

  statement_id  = "websocket-api-${replace(each.key, "/[^A-Za-z0-9_-]/", "")}"
  action        = "lambda:InvokeFunction"
  function_name = each.value.function_name
  qualifier     = each.value.qualifier
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/${each.key}"
}

resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_158:A customer managed key is the operator's choice (access_log.kms_key_arn); without one CloudWatch's own key encrypts the group.
  #checkov:skip=CKV_AWS_338:How long logs are kept is the operator's choice (access_log.retention_days).
  name              = "/aws/apigateway/${var.name}/access"
  retention_in_days = var.access_log.retention_days
  kms_key_id        = var.access_log.kms_key_arn
}

resource "aws_apigatewayv2_stage" "this" {
  #checkov:skip=CKV2_AWS_51:Client certificates are for integrations over HTTP; these are Lambda functions, which IAM protects.
  api_id      = aws_apigatewayv2_api.this.id
  name        = var.stage
  auto_deploy = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = jsonencode(local._access_log_format)
  }

  # A throttle that is left out is sent as 0, and then everything is throttled: both are always set.
  default_route_settings {
    data_trace_enabled       = var.execution_log.data_trace
    detailed_metrics_enabled = var.detailed_metrics
    logging_level            = var.execution_log.level
    throttling_burst_limit   = var.throttling.burst_limit
    throttling_rate_limit    = var.throttling.rate_limit
  }

  # The first deployment holds all routes. Later changes go live one by one.
  depends_on = [
    aws_apigatewayv2_route.this,
    aws_lambda_permission.this,
  ]
}
