mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  access_log  = { retention_days = 30 }
  description = "Channels."
  name        = "milequest-test-websocket"
  stage       = "production"
  throttling  = { burst_limit = 100, rate_limit = 200 }

  routes = {
    "$connect" = {
      function_name = "connect"
      invoke_arn    = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:connect/invocations"
    }
    "subscribe" = {
      function_name        = "subscribe"
      invoke_arn           = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:subscribe/invocations"
      timeout_milliseconds = 5000
    }
  }
}

run "each_route_goes_to_its_function" {
  command = apply

  assert {
    condition     = aws_apigatewayv2_api.this.protocol_type == "WEBSOCKET" && aws_apigatewayv2_api.this.route_selection_expression == "$request.body.action"
    error_message = "The API must select routes by action."
  }

  assert {
    condition     = toset([for route in aws_apigatewayv2_route.this : route.route_key]) == toset(["$connect", "subscribe"])
    error_message = "There must be one route for each key of the map."
  }

  assert {
    condition     = alltrue([for key, route in aws_apigatewayv2_route.this : route.target == "integrations/${aws_apigatewayv2_integration.this[key].id}"])
    error_message = "Each route must have its own integration."
  }

  assert {
    condition = alltrue([
      for key, integration in aws_apigatewayv2_integration.this :
      integration.integration_type == "AWS_PROXY" && integration.integration_method == "POST" &&
      endswith(integration.integration_uri, "function:${trimprefix(key, "$")}/invocations")
    ])
    error_message = "Each integration must hand the event to its function as it is."
  }

  assert {
    condition     = aws_apigatewayv2_integration.this["$connect"].timeout_milliseconds == 29000 && aws_apigatewayv2_integration.this["subscribe"].timeout_milliseconds == 5000
    error_message = "The timeout is 29 s unless the route says otherwise."
  }

  assert {
    condition = (
      aws_lambda_permission.this["$connect"].source_arn == "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/*/$connect" &&
      aws_lambda_permission.this["subscribe"].source_arn == "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/*/subscribe" &&
      aws_lambda_permission.this["subscribe"].function_name == "subscribe"
    )
    error_message = "Each function must be open to its own route alone."
  }

  assert {
    condition = (
      output.api_id == "a1b2c3d4e5" &&
      output.management_endpoint == "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production" &&
      output.stage == "production" &&
      output.stage_execution_arn == "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/production" &&
      output.websocket_url == "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/production"
    )
    error_message = "The outputs must be where clients connect and functions post."
  }
}

run "the_stage_throttles_and_logs_keys_only" {
  command = plan

  assert {
    condition = (
      aws_apigatewayv2_stage.this.auto_deploy &&
      aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit == 100 &&
      aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 200
    )
    error_message = "Both throttles must be set: what is left out is sent as 0."
  }

  assert {
    condition = (
      aws_apigatewayv2_stage.this.default_route_settings[0].logging_level == "OFF" &&
      !aws_apigatewayv2_stage.this.default_route_settings[0].data_trace_enabled &&
      !aws_apigatewayv2_stage.this.default_route_settings[0].detailed_metrics_enabled
    )
    error_message = "Execution log and payload trace must be off unless turned on."
  }

  assert {
    condition     = aws_cloudwatch_log_group.access.retention_in_days == 30
    error_message = "Access logs must be kept as long as was said."
  }

  assert {
    condition     = length(aws_apigatewayv2_domain_name.this) == 0 && length(aws_apigatewayv2_api_mapping.this) == 0 && length(aws_route53_record.this) == 0
    error_message = "There must be no custom domain unless there is."
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

run "a_domain_of_ones_own" {
  command = apply

  variables {
    custom_domain = {
      certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c"
      domain_name     = "realtime.example.com"
      hosted_zone_id  = "Z123"
      mapping_key     = "v1"
    }
  }

  assert {
    condition = (
      aws_apigatewayv2_domain_name.this["realtime.example.com"].domain_name_configuration[0].certificate_arn == "arn:aws:acm:us-east-1:123456789012:certificate/c" &&
      aws_apigatewayv2_domain_name.this["realtime.example.com"].domain_name_configuration[0].endpoint_type == "REGIONAL" &&
      aws_apigatewayv2_domain_name.this["realtime.example.com"].domain_name_configuration[0].security_policy == "TLS_1_2"
    )
    error_message = "The domain must be regional, on TLS 1.2, with the certificate."
  }

  assert {
    condition     = aws_apigatewayv2_api_mapping.this["realtime.example.com"].api_mapping_key == "v1"
    error_message = "The stage must appear under the path."
  }

  assert {
    condition     = aws_route53_record.this["realtime.example.com"].zone_id == "Z123" && aws_route53_record.this["realtime.example.com"].type == "A"
    error_message = "The zone must get an alias record."
  }

  assert {
    condition     = output.websocket_url == "wss://realtime.example.com/v1" && startswith(output.management_endpoint, "https://a1b2c3d4e5.")
    error_message = "Clients use the domain; @connections stays where it is."
  }
}

run "a_domain_whose_record_is_made_elsewhere" {
  command = apply

  variables {
    custom_domain = {
      certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c"
      domain_name     = "realtime.example.com"
    }
  }

  assert {
    condition     = length(aws_route53_record.this) == 0 && output.websocket_url == "wss://realtime.example.com"
    error_message = "Without a zone there must be no record, without a path the root."
  }
}

run "an_alias_is_opened_instead_of_its_function" {
  command = apply

  variables {
    routes = {
      "$connect" = { function_name = "connect", invoke_arn = "arn:aws:lambda", qualifier = "live" }
      subscribe  = { function_name = "subscribe", invoke_arn = "arn:aws:lambda" }
    }
  }

  assert {
    condition     = aws_lambda_permission.this["$connect"].qualifier == "live" && jsonencode(output.route_qualifiers) == jsonencode({ "$connect" = "live" })
    error_message = "API Gateway must be let at what each integration names."
  }
}
