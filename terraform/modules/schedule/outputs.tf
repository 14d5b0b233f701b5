output "arn" {
  description = "ARN of the schedule, for alarms and for finding it."
  value       = aws_scheduler_schedule.this.arn
}

output "function_arn" {
  description = "ARN that the schedule invokes, for tests of the composition."
  value       = aws_scheduler_schedule.this.target[0].arn
}

output "role_arn" {
  description = "ARN of the role under which the schedule invokes, for key and resource policies."
  value       = aws_iam_role.this.arn
}
