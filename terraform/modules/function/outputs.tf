output "arn" {
  description = "ARN of the function, for what invokes it."
  value       = aws_lambda_function.this.arn
}

output "environment" {
  description = "Environment variables as deployed, for tests of the composition."
  value       = aws_lambda_function.this.environment[0].variables
}

output "invoke_arn" {
  description = "ARN under which API Gateway invokes the function, for an integration."
  value       = aws_lambda_function.this.invoke_arn
}

output "memory_mb" {
  description = "Memory as deployed, for tests of the composition."
  value       = aws_lambda_function.this.memory_size
}

output "name" {
  description = "Name of the function, for permissions, logs and ops."
  value       = aws_lambda_function.this.function_name
}

output "reserved_concurrency" {
  description = "Reserved concurrency as deployed (-1: none), for tests of the composition."
  value       = aws_lambda_function.this.reserved_concurrent_executions
}

output "statements" {
  description = "What the role may do, by statement id, as in its policy document: for tests of the composition and for review."
  value = {
    for statement in data.aws_iam_policy_document.this.statement : statement.sid => {
      actions   = sort(statement.actions)
      resources = sort(statement.resources)
    }
  }
}

output "timeout_seconds" {
  description = "Seconds after which Lambda ends a run, as deployed, for tests of the composition."
  value       = aws_lambda_function.this.timeout
}
