resource "aws_sqs_queue" "this" {
  name                       = var.name
  kms_master_key_id          = var.kms_key_arn
  message_retention_seconds  = 4 * 24 * 60 * 60
  sqs_managed_sse_enabled    = var.kms_key_arn == null ? true : null
  visibility_timeout_seconds = var.visibility_timeout_seconds

  # Belongs to the resource below. The local AWS answers it with spaces in its JSON, which would be a difference in every plan.
  lifecycle {
    ignore_changes = [redrive_policy]
  }
}

# What was received too often, for two weeks: a message brings its age along.
resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-dead"
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
}

# Apart from the queue: SQS refuses a redrive policy to a queue that is not there yet. So both are made at the same time, in
# 25 s, and nobody who sends or receives waits for the 25 s that this takes.
resource "aws_sqs_queue_redrive_policy" "this" {
  queue_url = aws_sqs_queue.this.id

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.maximum_receives
  })
}
