variable "app" {
  description = "The app that the first version of the secret holds."
  type = object({
    id   = optional(string, "1")
    name = optional(string, "default")
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^[0-9]{1,20}$", var.app.id))
    error_message = "app.id must be 1 to 20 digits: Pusher's server SDKs take no other."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the secret. null: AWS's own key for Secrets Manager."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the secret."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9/_+=.@-]{1,505}$", var.name))
    error_message = "name must be 1 to 505 characters of A-Z, a-z, 0-9 and /_+=.@-."
  }
}

variable "recovery_window_days" {
  description = "Days for which a deleted secret can be restored, and its name not used again. 0: deleted at once."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.recovery_window_days == 0 || (var.recovery_window_days >= 7 && var.recovery_window_days <= 30)
    error_message = "recovery_window_days must be 0, or 7 to 30."
  }
}
