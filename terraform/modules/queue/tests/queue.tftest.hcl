mock_provider "aws" {
  source = "../../tests/mocks"
}

override_resource {
  target = aws_sqs_queue.this
  values = {
    arn = "arn:aws:sqs:us-east-1:123456789012:milequest-test-tasks"
    id  = "https://sqs.us-east-1.amazonaws.com/123456789012/milequest-test-tasks"
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/milequest-test-tasks"
  }
}

override_resource {
  target = aws_sqs_queue.dead
  values = {
    arn = "arn:aws:sqs:us-east-1:123456789012:milequest-test-tasks-dead"
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/milequest-test-tasks-dead"
  }
}

variables {
  maximum_receives           = 10
  name                       = "milequest-test-tasks"
  visibility_timeout_seconds = 60
}

run "what_is_received_too_often_goes_to_the_dead_letter_queue" {
  command = apply

  assert {
    condition     = aws_sqs_queue.this.name == "milequest-test-tasks" && aws_sqs_queue.dead.name == "milequest-test-tasks-dead"
    error_message = "The dead-letter queue must be named after the queue."
  }

  assert {
    condition = (
      aws_sqs_queue_redrive_policy.this.queue_url == "https://sqs.us-east-1.amazonaws.com/123456789012/milequest-test-tasks" &&
      aws_sqs_queue_redrive_policy.this.redrive_policy == jsonencode({
        deadLetterTargetArn = "arn:aws:sqs:us-east-1:123456789012:milequest-test-tasks-dead"
        maxReceiveCount     = 10
      })
    )
    error_message = "The redrive policy must lead from the queue to the dead-letter queue."
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 60 && aws_sqs_queue.dead.message_retention_seconds > aws_sqs_queue.this.message_retention_seconds
    error_message = "A dead message must be kept for longer than it can have waited."
  }

  assert {
    condition = (
      output.arn == "arn:aws:sqs:us-east-1:123456789012:milequest-test-tasks" &&
      output.url == "https://sqs.us-east-1.amazonaws.com/123456789012/milequest-test-tasks" &&
      output.dead_letter_url == "https://sqs.us-east-1.amazonaws.com/123456789012/milequest-test-tasks-dead"
    )
    error_message = "The outputs must be those of the queues."
  }
}

run "both_are_encrypted" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled && aws_sqs_queue.dead.sqs_managed_sse_enabled
    error_message = "Without a key of one's own, SQS's encrypts."
  }
}

run "a_key_of_ones_own_encrypts_both" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/k"
  }

  assert {
    condition = (
      aws_sqs_queue.this.kms_master_key_id == "arn:aws:kms:us-east-1:123456789012:key/k" &&
      aws_sqs_queue.dead.kms_master_key_id == "arn:aws:kms:us-east-1:123456789012:key/k"
    )
    error_message = "kms_key_arn must be the key of both queues."
  }
}

run "a_message_is_received_at_least_once" {
  command = plan

  variables {
    maximum_receives = 0
  }

  expect_failures = [var.maximum_receives]
}

run "name_leaves_room_for_the_dead_letter_queue" {
  command = plan

  variables {
    name = "milequest-test-0123456789012345678901234567890123456789012345678901234567890123456789"
  }

  expect_failures = [var.name]
}

run "visibility_timeout_is_at_most_twelve_hours" {
  command = plan

  variables {
    visibility_timeout_seconds = 43201
  }

  expect_failures = [var.visibility_timeout_seconds]
}
