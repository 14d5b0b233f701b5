output "app_id" {
  description = "Id of the app in the secret, for the function that looks it up."
  value       = var.app.id
}

output "app_key" {
  description = "Public key of the app as first written, for clients. After a rotation the secret itself is the authority."
  value       = terraform_data.app_key.output
}

output "arn" {
  description = "ARN of the secret, for IAM statements."
  value       = aws_secretsmanager_secret.this.arn
}

output "name" {
  description = "Name of the secret, for the environment of functions and for ops. Known once there is something to read."
  value       = aws_secretsmanager_secret.this.name

  depends_on = [aws_secretsmanager_secret_version.first]
}
