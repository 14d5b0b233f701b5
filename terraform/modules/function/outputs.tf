output "arn" {
  description = "ARN of the function, or of its alias where it has one: for what invokes it."
  value       = local._is_published ? aws_lambda_alias.live[0].arn : aws_lambda_function.this.arn
}

output "environment" {
  description = "Environment variables as deployed, for tests of the composition."
  value       = aws_lambda_function.this.environment[0].variables
}

output "invoke_arn" {
  description = "ARN under which API Gateway invokes the function, for an integration."
  value       = local._is_published ? aws_lambda_alias.live[0].invoke_arn : aws_lambda_function.this.invoke_arn
}

output "memory_mb" {
  description = "Memory as deployed, for tests of the composition."
  value       = aws_lambda_function.this.memory_size
}

output "name" {
  description = "Name of the function, for permissions, logs and ops."
  value       = aws_lambda_function.this.function_name
}

output "provisioned_concurrency" {
  description = "Provisioned concurrency as deployed (0: none), for tests of the composition."
  value       = try(aws_lambda_provisioned_concurrency_config.this[0].provisioned_concurrent_executions, 0)
}

output "qualifier" {
  description = "Alias that is invoked, for permissions. null: the function itself is."
  value       = one(aws_lambda_alias.live[*].name)
}

output "reserved_concurrency" {
  description = "Reserved concurrency as deployed (-1: none), for tests of the composition."
  value       = aws_lambda_function.this.reserved_concurrent_executions
}

output "snap_start" {
  description = "Whether published versions start from a snapshot, as deployed, for tests of the composition."
  value       = length(aws_lambda_function.this.snap_start) > 0
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
