output "arn" {
  description = "ARN of the queue, for an event source mapping."
  value       = aws_sqs_queue.this.arn
}

output "dead_letter_url" {
  description = "URL of the dead-letter queue, for alarms and for looking into it."
  value       = aws_sqs_queue.dead.url
}

output "url" {
  description = "URL of the queue, for who sends."
  value       = aws_sqs_queue.this.url
}
