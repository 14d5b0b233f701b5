variable "allow_anonymous" {
  description = "Whether clients may connect without a token, to public channels only. Never in prod."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !(var.allow_anonymous && var.environment == "prod")
    error_message = "allow_anonymous must be false in prod."
  }
}

variable "allow_insecure_webhooks" {
  description = "Whether webhooks may go to plain http and to addresses of this machine or a private network. Only on the local AWS."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.allow_insecure_webhooks || var.environment == "local"
    error_message = "allow_insecure_webhooks must be false outside the local AWS: webhooks would reach into the network that the functions run in."
  }
}

variable "architecture" {
  description = "Processor of the functions: arm64 (cheaper) or x86_64. The local AWS runs the zips on whatever it has."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "function_overrides" {
  description = <<-EOT
    Per function, by short name. Prices are of us-east-1 and a month of 30 days; where they come from is in README.md.

    memory_mb: with it comes CPU.

    reserved_concurrency: runs at once that are kept for it and that it cannot exceed (null: none); the account's other
    functions have that many less.

    provisioned_concurrency: environments kept initialised (default 0). Each costs $0.0000033334 a GB-second on arm64
    ($0.0000041667 on x86_64), used or not: $4.32 a month at 512 MB ($5.40), $14.93 at 1769 MB ($18.66). Runs in them cost
    $0.0000077778 a GB-second instead of $0.0000133334 ($0.0000097222 instead of $0.0000166667). No free tier.

    snap_start: start from a snapshot of the initialised function (default false). It costs $0.0000015046 a GB-second for
    three hours at least, for each published version until it is deleted: $1.95 a month at 512 MB, $6.74 at 1769 MB; and
    $0.0001397998 a GB at each cold start: $0.07 and $0.24 for 1,000 of them.
  EOT
  type = map(object({
    memory_mb               = optional(number)
    provisioned_concurrency = optional(number, 0)
    reserved_concurrency    = optional(number)
    snap_start              = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.function_overrides), local.function_names)) == 0
    error_message = "function_overrides names functions that do not exist. There are: ${join(", ", local.function_names)}."
  }

  validation {
    condition = alltrue([
      for override in var.function_overrides :
      override.provisioned_concurrency >= 0 && floor(override.provisioned_concurrency) == override.provisioned_concurrency
    ])
    error_message = "provisioned_concurrency must be a whole number, 0 (none) or more."
  }

  validation {
    condition = alltrue([
      for override in var.function_overrides :
      override.reserved_concurrency == null ? true : override.provisioned_concurrency <= override.reserved_concurrency
    ])
    error_message = "provisioned_concurrency must not be more than the same function's reserved_concurrency: Lambda refuses it."
  }

  validation {
    condition     = alltrue([for override in var.function_overrides : !(override.snap_start && override.provisioned_concurrency > 0)])
    error_message = "snap_start and provisioned_concurrency exclude each other: Lambda allows a function one of the two."
  }

  validation {
    condition     = !anytrue(values(var.function_overrides)[*].snap_start) || try(tonumber(split(".", var.runtime)[1]) >= 12, false)
    error_message = "snap_start needs runtime python3.12 or newer: Lambda makes no snapshots of older ones."
  }
}

variable "log_level" {
  description = "Least level of what the functions log."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "log_retention_days" {
  description = "Days for which the functions' logs are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one that CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "max_data_bytes" {
  description = "Largest data of one event. API Gateway carries 128 KB, envelope included."
  type        = number
  default     = 10240
  nullable    = false

  validation {
    condition     = var.max_data_bytes >= 1 && var.max_data_bytes <= 122880 && floor(var.max_data_bytes) == var.max_data_bytes
    error_message = "max_data_bytes must be a whole number from 1 to 122880."
  }
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the functions' metrics."
  type        = string
  default     = "MileQuest/Realtime"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._/#:-]{0,254}$", var.metrics_namespace)) && !startswith(var.metrics_namespace, "AWS/")
    error_message = "metrics_namespace must be 1 to 255 characters of A-Z, a-z, 0-9 and ._/#:-, and not begin with AWS/."
  }
}

variable "package_dir" {
  description = "Where `ops package` puts the zips: absolute, or relative to the root stack."
  type        = string
  default     = "../.build/lambdas"
  nullable    = false

  validation {
    condition     = length(var.package_dir) > 0 && !endswith(var.package_dir, "/")
    error_message = "package_dir must not be empty nor end with a slash."
  }
}

# python3.13 is the newest that the oldest tested provider accepts: 5.100.0 rejects python3.14.
variable "runtime" {
  description = "Lambda runtime of the functions. The local AWS runs them on the Python it has."
  type        = string
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = can(regex("^python3\\.(1[1-9])$", var.runtime))
    error_message = "runtime must be a Python runtime of Lambda, python3.11 or newer."
  }
}

variable "silent_after_seconds" {
  description = "Seconds without a heartbeat after which sweep asks whether a connection is still there. API Gateway closes idle ones after 600."
  type        = number
  default     = 660
  nullable    = false

  validation {
    condition     = var.silent_after_seconds >= 1 && floor(var.silent_after_seconds) == var.silent_after_seconds
    error_message = "silent_after_seconds must be a whole number, 1 or more."
  }
}

variable "sweep_schedule" {
  description = "When sweep runs: rate(…) or cron(…)."
  type        = string
  default     = "rate(5 minutes)"
  nullable    = false

  validation {
    condition     = can(regex("^(rate\\([1-9][0-9]* (minute|hour|day)s?\\)|cron\\(.+\\))$", var.sweep_schedule))
    error_message = "sweep_schedule must be rate(N minutes|hours|days) or cron(…)."
  }
}

variable "xray" {
  description = "Whether X-Ray traces the functions. It charges by the trace."
  type        = bool
  default     = false
  nullable    = false
}
