variable "artifacts_force_destroy" {
  description = "Whether `terraform destroy` also deletes the zips in the bucket of code. Off, it stops there."
  type        = bool
  default     = false
  nullable    = false
}

variable "artifacts_require_tls" {
  description = "Whether the bucket of code refuses plain HTTP. Off only for the local AWS, which has no TLS."
  type        = bool
  default     = true
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the tables. To destroy the stack, apply with false first."
  type        = bool
  default     = true
  nullable    = false
}

variable "environment" {
  description = "Environment: part of every name. `ops` knows local, dev and prod."
  type        = string
  default     = "dev"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,13}[a-z0-9]$", var.environment))
    error_message = "environment must be 2 to 15 characters of a-z, 0-9 and -, start with a letter and not end with -."
  }
}

variable "kms_key_arn" {
  description = <<-EOT
    KMS key that encrypts tables, secret, logs, code, failure queue and environments. Its policy must let CloudWatch Logs use
    it, for the log groups. null: keys that AWS owns or manages, without charge.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:${var.region}:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (not of an alias) in region."
  }
}

variable "name" {
  description = "Name of the product: the first part of every name."
  type        = string
  default     = "milequest"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 20 characters of a-z, 0-9 and -, start with a letter and not end with -."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the tables can be restored to any second of the last 35 days."
  type        = bool
  default     = true
  nullable    = false
}

variable "region" {
  description = "AWS region of the whole stack."
  type        = string
  default     = "us-east-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the code of an AWS region, for instance us-east-1."
  }
}

variable "secret_recovery_window_days" {
  description = "Days for which a deleted secret can be restored and its name not used again: 7 to 30, or 0 to delete at once."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.secret_recovery_window_days == 0 || (var.secret_recovery_window_days >= 7 && var.secret_recovery_window_days <= 30)
    error_message = "secret_recovery_window_days must be 0, or 7 to 30."
  }
}
