output "api_id" {
  description = "Id of the API, for metrics and for ops."
  value       = aws_apigatewayv2_api.this.id
}

output "domain_name" {
  description = "Host name under which the API answers, for the edge."
  value       = trimprefix(aws_apigatewayv2_api.this.api_endpoint, "https://")
}

output "function_name" {
  description = "Name of the function that the permission opens, for tests of the composition."
  value       = aws_lambda_permission.this.function_name
}

output "function_qualifier" {
  description = "Alias that the permission opens (null: the function), for tests of the composition."
  value       = aws_lambda_permission.this.qualifier
}

output "http_url" {
  description = "Where server SDKs send requests. Known once the stage is there."
  value       = aws_apigatewayv2_api.this.api_endpoint

  depends_on = [aws_apigatewayv2_stage.this]
}
