variable "account_id" {
  description = "Account whose schedules may use the role."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits."
  }
}

variable "description" {
  description = "What the schedule is for."
  type        = string
  nullable    = false
}

variable "expression" {
  description = "When to run: rate(…) or cron(…)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(rate\\([1-9][0-9]* (minute|hour|day)s?\\)|cron\\(.+\\))$", var.expression))
    error_message = "expression must be rate(N minutes|hours|days) or cron(…)."
  }
}

variable "function_arn" {
  description = "ARN of the function to invoke."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the schedule."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,55}$", var.name))
    error_message = "name must be 1 to 55 characters of A-Z, a-z, 0-9, _, . and -: the role's name adds nine, of 64."
  }
}
