output "arn" {
  description = "ARN of the table, for IAM statements."
  value       = aws_dynamodb_table.this.arn
}

output "name" {
  description = "Name of the table, for the environment of functions and for ops."
  value       = aws_dynamodb_table.this.name
}
