mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  account_id   = "123456789012"
  description  = "Runs it."
  expression   = "rate(5 minutes)"
  function_arn = "arn:aws:lambda:us-east-1:123456789012:function:milequest-test-sweep"
  name         = "milequest-test-sweep"
}

run "the_schedule_invokes_the_function" {
  command = apply

  assert {
    condition     = aws_scheduler_schedule.this.schedule_expression == "rate(5 minutes)" && aws_scheduler_schedule.this.flexible_time_window[0].mode == "OFF"
    error_message = "The schedule must run when it says."
  }

  assert {
    condition     = aws_scheduler_schedule.this.target[0].arn == "arn:aws:lambda:us-east-1:123456789012:function:milequest-test-sweep"
    error_message = "The target must be the function."
  }

  assert {
    condition     = aws_scheduler_schedule.this.target[0].retry_policy[0].maximum_event_age_in_seconds == 300 && aws_scheduler_schedule.this.target[0].retry_policy[0].maximum_retry_attempts == 2
    error_message = "A late run is of no use: few tries, five minutes."
  }

  assert {
    condition     = output.arn == aws_scheduler_schedule.this.arn && output.role_arn == aws_scheduler_schedule.this.target[0].role_arn
    error_message = "The outputs must be those of schedule and role."
  }
}

run "its_role_may_do_that_and_nothing_else" {
  command = plan

  assert {
    condition = (
      length(data.aws_iam_policy_document.invoke.statement) == 1 &&
      toset(data.aws_iam_policy_document.invoke.statement[0].actions) == toset(["lambda:InvokeFunction"]) &&
      toset(data.aws_iam_policy_document.invoke.statement[0].resources) == toset(["arn:aws:lambda:us-east-1:123456789012:function:milequest-test-sweep"])
    )
    error_message = "The role may invoke the one function."
  }

  assert {
    condition = (
      one(data.aws_iam_policy_document.assume.statement[0].condition).variable == "aws:SourceAccount" &&
      tolist(one(data.aws_iam_policy_document.assume.statement[0].condition).values) == tolist(["123456789012"])
    )
    error_message = "Only schedules of this account may use the role."
  }
}

run "account_id_is_twelve_digits" {
  command = plan

  variables {
    account_id = "1"
  }

  expect_failures = [var.account_id]
}

run "expression_is_rate_or_cron" {
  command = plan

  variables {
    expression = "every 5 minutes"
  }

  expect_failures = [var.expression]
}

run "name_leaves_room_for_the_role" {
  command = plan

  variables {
    name = "milequest-test-0123456789012345678901234567890123456789-sweep"
  }

  expect_failures = [var.name]
}
