variable "access_log" {
  description = "How long access logs are kept, and the KMS key that encrypts them (null: CloudWatch's own)."
  type = object({
    kms_key_arn    = optional(string)
    retention_days = number
  })
  nullable = false

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.access_log.retention_days,
    )
    error_message = "access_log.retention_days must be one that CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "description" {
  description = "What the API is for."
  type        = string
  nullable    = false
}

variable "detailed_metrics" {
  description = "Whether CloudWatch gets metrics per route, which are charged like one's own."
  type        = bool
  default     = false
  nullable    = false
}

variable "function" {
  description = "The function that answers every request; qualifier is the alias that invoke_arn names, if it does."
  type = object({
    name                 = string
    invoke_arn           = string
    qualifier            = optional(string)
    timeout_milliseconds = optional(number, 29000)
  })
  nullable = false

  validation {
    condition     = var.function.timeout_milliseconds >= 50 && var.function.timeout_milliseconds <= 30000
    error_message = "function.timeout_milliseconds must be 50 to 30000."
  }
}

variable "name" {
  description = "Name of the API."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,128}$", var.name))
    error_message = "name must be 1 to 128 characters of A-Z, a-z, 0-9, _ and -."
  }
}

variable "throttling" {
  description = "Requests per second, and how many may come at once. Beyond, API Gateway answers 429."
  type = object({
    burst_limit = number
    rate_limit  = number
  })
  nullable = false

  validation {
    condition     = var.throttling.burst_limit >= 1 && floor(var.throttling.burst_limit) == var.throttling.burst_limit && var.throttling.rate_limit > 0
    error_message = "throttling.burst_limit must be a whole number, 1 or more, and throttling.rate_limit more than 0: at 0 nothing passes."
  }
}
