mock_provider "aws" {
  source = "../../tests/mocks"
}

override_resource {
  target = aws_apigatewayv2_api.this
  values = {
    api_endpoint  = "https://h1t2t3p4a5.execute-api.us-east-1.amazonaws.com"
    execution_arn = "arn:aws:execute-api:us-east-1:123456789012:h1t2t3p4a5"
    id            = "h1t2t3p4a5"
  }
}

variables {
  access_log  = { retention_days = 30 }
  description = "Server SDKs."
  name        = "milequest-test-http"
  throttling  = { burst_limit = 100, rate_limit = 200 }

  function = {
    invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:http/invocations"
    name       = "http"
  }
}

run "every_request_goes_to_the_function" {
  command = apply

  assert {
    condition     = aws_apigatewayv2_api.this.protocol_type == "HTTP" && aws_apigatewayv2_route.this.route_key == "$default"
    error_message = "One route must take every method and path."
  }

  assert {
    condition     = aws_apigatewayv2_route.this.target == "integrations/${aws_apigatewayv2_integration.this.id}"
    error_message = "The route must have the integration."
  }

  assert {
    condition = (
      aws_apigatewayv2_integration.this.integration_type == "AWS_PROXY" &&
      aws_apigatewayv2_integration.this.integration_method == "POST" &&
      aws_apigatewayv2_integration.this.payload_format_version == "2.0" &&
      aws_apigatewayv2_integration.this.timeout_milliseconds == 29000 &&
      endswith(aws_apigatewayv2_integration.this.integration_uri, "function:http/invocations")
    )
    error_message = "The integration must hand the request to the function, in the format that it reads."
  }

  assert {
    condition = (
      aws_lambda_permission.this.source_arn == "arn:aws:execute-api:us-east-1:123456789012:h1t2t3p4a5/*/$default" &&
      aws_lambda_permission.this.function_name == "http"
    )
    error_message = "The function must be open to this route alone."
  }

  assert {
    condition = (
      output.api_id == "h1t2t3p4a5" &&
      output.domain_name == "h1t2t3p4a5.execute-api.us-east-1.amazonaws.com" &&
      output.function_name == "http" &&
      output.http_url == "https://h1t2t3p4a5.execute-api.us-east-1.amazonaws.com"
    )
    error_message = "The outputs must be where server SDKs and the edge find the API."
  }
}

run "the_stage_has_no_path_and_throttles" {
  command = plan

  assert {
    condition     = aws_apigatewayv2_stage.this.name == "$default" && aws_apigatewayv2_stage.this.auto_deploy
    error_message = "SDKs ask for /apps/…, without a stage in front."
  }

  assert {
    condition = (
      aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit == 100 &&
      aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 200 &&
      !aws_apigatewayv2_stage.this.default_route_settings[0].detailed_metrics_enabled
    )
    error_message = "Both throttles must be set: what is left out is sent as 0."
  }

  assert {
    condition     = aws_cloudwatch_log_group.access.retention_in_days == 30
    error_message = "Access logs must be kept as long as was said."
  }
}

run "the_access_log_names_requests_and_nothing_private" {
  command = apply

  assert {
    condition     = jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format).requestId == "$context.requestId"
    error_message = "API Gateway refuses a format without the request id."
  }

  assert {
    condition     = length(regexall("(?i)query|body|payload|header|token|authorizer", aws_apigatewayv2_stage.this.access_log_settings[0].format)) == 0
    error_message = "No query string, body, header or token may be in the log."
  }
}

run "access_log_retention_is_one_that_cloudwatch_knows" {
  command = plan

  variables {
    access_log = { retention_days = 31 }
  }

  expect_failures = [var.access_log]
}

run "timeout_is_at_most_30_seconds" {
  command = plan

  variables {
    function = { invoke_arn = "arn:aws:lambda", name = "http", timeout_milliseconds = 30001 }
  }

  expect_failures = [var.function]
}

run "name_is_plain" {
  command = plan

  variables {
    name = "no spaces"
  }

  expect_failures = [var.name]
}

run "a_throttle_of_zero_lets_nothing_pass" {
  command = plan

  variables {
    throttling = { burst_limit = 100, rate_limit = 0 }
  }

  expect_failures = [var.throttling]
}

run "an_alias_is_opened_instead_of_its_function" {
  command = apply

  variables {
    function = { invoke_arn = "arn:aws:lambda", name = "http", qualifier = "live" }
  }

  assert {
    condition     = aws_lambda_permission.this.function_name == "http" && aws_lambda_permission.this.qualifier == "live" && output.function_qualifier == "live"
    error_message = "API Gateway must be let at what the integration names."
  }
}
