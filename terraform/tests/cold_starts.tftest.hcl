mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "./tests/mocks"
}

variables {
  environment = "test"
  package_dir = "tests/fixtures/lambdas"
}

run "nothing_is_kept_ready_unless_asked_for" {
  command = apply

  assert {
    condition     = alltrue([for function in module.function : function.qualifier == null && !function.snap_start && function.provisioned_concurrency == 0])
    error_message = "Neither snapshots nor provisioned concurrency may be charged by default."
  }

  assert {
    condition     = module.function["websocket-connect"].environment["DELIVER_FUNCTION"] == "milequest-test-deliver"
    error_message = "Without an alias the function itself is invoked."
  }
}

run "what_is_kept_ready_is_what_is_invoked" {
  command = apply

  variables {
    function_overrides = {
      deliver           = { snap_start = true }
      http-api          = { provisioned_concurrency = 2, reserved_concurrency = 10 }
      sweep             = { snap_start = true }
      webhooks          = { snap_start = true }
      websocket-connect = { provisioned_concurrency = 3 }
    }
  }

  assert {
    condition = jsonencode({ for name, function in module.function : name => function.qualifier if function.qualifier != null }) == jsonencode({
      deliver           = "live"
      http-api          = "live"
      sweep             = "live"
      webhooks          = "live"
      websocket-connect = "live"
    })
    error_message = "Those that are kept ready must have an alias, and nobody else."
  }

  assert {
    condition = (
      module.function["deliver"].snap_start && !module.function["websocket-connect"].snap_start &&
      module.function["http-api"].provisioned_concurrency == 2 && module.function["deliver"].provisioned_concurrency == 0
    )
    error_message = "Each must be kept ready in the way that was asked for."
  }

  assert {
    condition = (
      jsonencode(module.websocket_api.route_qualifiers) == jsonencode({ "$connect" = "live" }) &&
      module.http_api.function_qualifier == "live"
    )
    error_message = "API Gateway must be let at the alias where there is one."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.tasks.function_name == module.function["webhooks"].arn && endswith(module.function["webhooks"].arn, ":live")
    error_message = "The queue must hand tasks to the alias."
  }

  assert {
    condition     = module.sweep_schedule.function_arn == module.function["sweep"].arn && endswith(module.function["sweep"].arn, ":live")
    error_message = "The schedule must run the alias, and its role may."
  }

  assert {
    condition     = output.deliver_function == "milequest-test-deliver:live"
    error_message = "ops must start deliver's alias as well."
  }

  assert {
    condition = alltrue([
      for name in ["websocket-connect", "websocket-broadcast", "deliver"] :
      module.function[name].environment["DELIVER_FUNCTION"] == "milequest-test-deliver:live" &&
      jsonencode(module.function[name].statements["Deliver"].resources) == jsonencode(["arn:aws:lambda:us-east-1:123456789012:function:milequest-test-deliver", "arn:aws:lambda:us-east-1:123456789012:function:milequest-test-deliver:live"])
    ])
    error_message = "Whoever starts deliver must start its alias, and may do that."
  }
}
