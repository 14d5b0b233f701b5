variable "asynchronous" {
  description = <<-EOT
    For a function that is invoked asynchronously: where an event goes that could not be handled, for how long and how
    often Lambda tries. The role also needs a statement that lets it send there. null: the function is never invoked so.
  EOT
  type = object({
    failure_destination_arn   = string
    maximum_event_age_seconds = optional(number, 3600)
    maximum_retry_attempts    = optional(number, 2)
  })
  default = null

  validation {
    condition     = var.asynchronous == null ? true : contains([0, 1, 2], var.asynchronous.maximum_retry_attempts)
    error_message = "asynchronous.maximum_retry_attempts must be 0, 1 or 2."
  }

  validation {
    condition     = var.asynchronous == null ? true : var.asynchronous.maximum_event_age_seconds >= 60 && var.asynchronous.maximum_event_age_seconds <= 21600
    error_message = "asynchronous.maximum_event_age_seconds must be 60 to 21600."
  }
}

variable "code" {
  description = <<-EOT
    The code and how it runs: path of the zip on this machine, bucket and key prefix to put it at (the prefix is the name
    under which `ops package` builds it), handler, architecture and runtime.
  EOT
  type = object({
    architecture = string
    bucket       = string
    handler      = string
    key_prefix   = string
    path         = string
    runtime      = string
  })
  nullable = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.code.architecture)
    error_message = "code.architecture must be arm64 or x86_64."
  }

  validation {
    condition     = can(regex("^[a-z_]+(\\.[a-z_]+)+$", var.code.handler))
    error_message = "code.handler must be module.function, for instance handlers.sweep.handler."
  }

  validation {
    condition     = can(regex("^python3\\.[0-9]{2}$", var.code.runtime))
    error_message = "code.runtime must be a Python runtime of Lambda, for instance python3.13."
  }
}

variable "description" {
  description = "What the function is for."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Environment variables. Names and settings only: whoever may read the function's configuration can read them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "kms_key_arn" {
  description = "KMS key that encrypts logs and environment, and that the function may decrypt with. null: AWS's own keys."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  nullable    = false

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "log_retention_days must be one that CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "memory_mb" {
  description = "Memory; Lambda gives CPU in proportion, one whole core at 1769."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240 && floor(var.memory_mb) == var.memory_mb
    error_message = "memory_mb must be a whole number from 128 to 10240."
  }
}

variable "name" {
  description = "Name of the function and of its role."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "name must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -."
  }
}

variable "provisioned_concurrency" {
  description = "Environments that are kept initialised for this function, charged by the second whether used or not. 0: none."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.provisioned_concurrency >= 0 && floor(var.provisioned_concurrency) == var.provisioned_concurrency
    error_message = "provisioned_concurrency must be a whole number, 0 (none) or more."
  }

  validation {
    condition     = var.provisioned_concurrency == 0 || coalesce(var.reserved_concurrency, -1) == -1 || var.provisioned_concurrency <= coalesce(var.reserved_concurrency, -1)
    error_message = "provisioned_concurrency must not be more than reserved_concurrency: Lambda refuses it."
  }
}

variable "reserved_concurrency" {
  description = "Concurrent runs that are kept for this function and that it cannot exceed. 0 stops it; null: no reservation."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= -1 && floor(var.reserved_concurrency) == var.reserved_concurrency
    error_message = "reserved_concurrency must be a whole number, -1 (no reservation) or more."
  }
}

variable "snap_start" {
  description = "Whether the function starts from a snapshot, made of each published version and charged as long as that is there."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.snap_start || try(tonumber(split(".", var.code.runtime)[1]) >= 12, false)
    error_message = "snap_start needs python3.12 or newer: Lambda makes no snapshots of older ones."
  }

  validation {
    condition     = !(var.snap_start && var.provisioned_concurrency > 0)
    error_message = "snap_start and provisioned_concurrency exclude each other: Lambda allows one of the two."
  }
}

variable "statements" {
  description = "What the function may do beyond writing its logs: statement id to actions and resources."
  type = map(object({
    actions   = list(string)
    resources = list(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for action in flatten(values(var.statements)[*].actions) : can(regex("^[a-z0-9-]+:[A-Za-z]+$", action))])
    error_message = "Actions are listed one by one, as service:Action, without wildcards."
  }

  validation {
    condition     = alltrue([for resource in flatten(values(var.statements)[*].resources) : startswith(resource, "arn:")])
    error_message = "Resources are ARNs; \"*\" is not one."
  }
}

variable "timeout_seconds" {
  description = "Seconds after which Lambda ends a run; what the code waits for must end before. API Gateway stops waiting after 29."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900 && floor(var.timeout_seconds) == var.timeout_seconds
    error_message = "timeout_seconds must be a whole number from 1 to 900."
  }
}

variable "tracing" {
  description = "Whether X-Ray traces the function."
  type        = bool
  default     = false
  nullable    = false
}
