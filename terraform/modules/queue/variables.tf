variable "kms_key_arn" {
  description = "KMS key that encrypts both queues; who sends must be allowed kms:GenerateDataKey. null: SQS's own key."
  type        = string
  default     = null
}

variable "maximum_receives" {
  description = "How often a message is received before it goes to the dead-letter queue."
  type        = number
  nullable    = false

  validation {
    condition     = var.maximum_receives >= 1 && var.maximum_receives <= 1000 && floor(var.maximum_receives) == var.maximum_receives
    error_message = "maximum_receives must be a whole number from 1 to 1000."
  }
}

variable "name" {
  description = "Name of the queue; the dead-letter queue adds -dead."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,75}$", var.name))
    error_message = "name must be 1 to 75 characters of A-Z, a-z, 0-9, _ and -: the dead-letter queue's adds five, of 80."
  }
}

variable "visibility_timeout_seconds" {
  description = "Seconds after which a message that was received and not deleted appears again. No shorter than the timeout of the function that receives."
  type        = number
  nullable    = false

  validation {
    condition     = var.visibility_timeout_seconds >= 1 && var.visibility_timeout_seconds <= 43200 && floor(var.visibility_timeout_seconds) == var.visibility_timeout_seconds
    error_message = "visibility_timeout_seconds must be a whole number from 1 to 43200."
  }
}
