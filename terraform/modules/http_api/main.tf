locals {
  # Every field is a key, a path or a number. Never the query string, which carries the signature, nor the body.
  _access_log_format = {
    apiId             = "$context.apiId"
    error             = "$context.error.responseType"
    integrationError  = "$context.integrationErrorMessage"
    integrationMs     = "$context.integrationLatency"
    integrationStatus = "$context.integration.status"
    lambdaStatus      = "$context.integration.integrationStatus"
    method            = "$context.httpMethod"
    path              = "$context.path"
    protocol          = "$context.protocol"
    requestId         = "$context.requestId"
    responseBytes     = "$context.responseLength"
    responseMs        = "$context.responseLatency"
    routeKey          = "$context.routeKey"
    sourceIp          = "$context.identity.sourceIp"
    stage             = "$context.stage"
    status            = "$context.status"
    time              = "$context.requestTimeEpoch"
  }
}

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  description   = var.description
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "this" {
  api_id                 = aws_apigatewayv2_api.this.id
  description            = var.function.name
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = var.function.invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = var.function.timeout_milliseconds
}

resource "aws_apigatewayv2_route" "this" {
  #checkov:skip=CKV_AWS_309:Every request is signed with an app's secret, over method, path, query and body; the function checks that, as Pusher's server SDKs expect.
  api_id    = aws_apigatewayv2_api.this.id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.this.id}"
}

resource "aws_lambda_permission" "this" {
  statement_id  = "http-api-default"
  action        = "lambda:InvokeFunction"
  function_name = var.function.name
  qualifier     = var.function.qualifier
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/$default"
}

resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_158:A customer managed key is the operator's choice (access_log.kms_key_arn); without one CloudWatch's own key encrypts the group.
  #checkov:skip=CKV_AWS_338:How long logs are kept is the operator's choice (access_log.retention_days).
  name              = "/aws/apigateway/${var.name}/access"
  retention_in_days = var.access_log.retention_days
  kms_key_id        = var.access_log.kms_key_arn
}

# The stage without a path of its own: server SDKs ask for /apps/….
resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = jsonencode(local._access_log_format)
  }

  # A throttle that is left out is sent as 0, and then everything is throttled: both are always set.
  default_route_settings {
    detailed_metrics_enabled = var.detailed_metrics
    throttling_burst_limit   = var.throttling.burst_limit
    throttling_rate_limit    = var.throttling.rate_limit
  }

  # The first deployment holds the route.
  depends_on = [
    aws_apigatewayv2_route.this,
    aws_lambda_permission.this,
  ]
}
