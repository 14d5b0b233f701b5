output "api_id" {
  description = "Id of the API, for metrics and for ops."
  value       = aws_apigatewayv2_api.this.id
}

output "domain_name" {
  description = "Host name under which the API answers, for the edge."
  value       = replace(aws_apigatewayv2_api.this.api_endpoint, "/^[a-z]+:\\/\\//", "")
}

output "management_endpoint" {
  description = "Where @connections answers, for the functions that post. Does not wait for the stage, which waits for the functions."
  value       = "${replace(aws_apigatewayv2_api.this.api_endpoint, "/^[a-z]+:/", "https:")}/${var.stage}"
}

output "route_functions" {
  description = "Route key to the name of the function that its permission opens, for tests of the composition."
  value       = { for key, permission in aws_lambda_permission.this : key => permission.function_name }
}

output "route_qualifiers" {
  description = "Route key to the alias that its permission opens, where it opens one: for tests of the composition."
  value       = { for key, permission in aws_lambda_permission.this : key => permission.qualifier if permission.qualifier != null }
}

output "stage" {
  description = "Name of the stage, for ops."
  value       = aws_apigatewayv2_stage.this.name
}

output "stage_execution_arn" {
  description = "ARN prefix of the stage, for IAM statements on @connections. Does not wait for the stage either."
  value       = "${aws_apigatewayv2_api.this.execution_arn}/${var.stage}"
}

output "websocket_url" {
  description = "Where clients connect: the custom domain if there is one, else the stage."
  value = (
    var.custom_domain == null
    ? aws_apigatewayv2_stage.this.invoke_url
    : join("/", compact(["wss://${var.custom_domain.domain_name}", var.custom_domain.mapping_key]))
  )

  depends_on = [
    aws_apigatewayv2_api_mapping.this,
    aws_route53_record.this,
  ]
}
