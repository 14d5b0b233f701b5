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

variable "custom_domain" {
  description = <<-EOT
    A domain of one's own: its name, an ACM certificate in the API's region, the Route 53 zone to put the record in (null:
    the record is made elsewhere) and the path under which the stage appears (null: the root). null: none.
  EOT
  type = object({
    certificate_arn = string
    domain_name     = string
    hosted_zone_id  = optional(string)
    mapping_key     = optional(string)
  })
  default = null

  validation {
    condition     = var.custom_domain == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.custom_domain.domain_name))
    error_message = "custom_domain.domain_name must be a host name in lower case, for instance realtime.example.com."
  }

  validation {
    condition     = var.custom_domain == null ? true : can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$", var.custom_domain.certificate_arn))
    error_message = "custom_domain.certificate_arn must be the ARN of an ACM certificate."
  }

  validation {
    condition     = try(var.custom_domain.mapping_key, null) == null ? true : can(regex("^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", var.custom_domain.mapping_key))
    error_message = "custom_domain.mapping_key must be path segments of A-Z, a-z, 0-9, _ and -, without a slash at either end."
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

variable "execution_log" {
  description = "API Gateway's own log: level OFF, ERROR or INFO, and whether it holds whole messages, tokens included."
  type = object({
    data_trace = optional(bool, false)
    level      = optional(string, "OFF")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["OFF", "ERROR", "INFO"], var.execution_log.level)
    error_message = "execution_log.level must be OFF, ERROR or INFO."
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

variable "route_selection_expression" {
  description = "What API Gateway compares with the route keys."
  type        = string
  default     = "$request.body.action"
  nullable    = false
}

variable "routes" {
  description = "Route key to the function that handles it; qualifier is the alias that invoke_arn names, if it does."
  type = map(object({
    function_name        = string
    invoke_arn           = string
    qualifier            = optional(string)
    timeout_milliseconds = optional(number, 29000)
  }))
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.routes) : can(regex("^(\\$connect|\\$disconnect|\\$default|[A-Za-z0-9/_.-]+)$", key))])
    error_message = "A route key is $connect, $disconnect, $default, or characters of A-Z, a-z, 0-9, /, _, . and -."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : route.timeout_milliseconds >= 50 && route.timeout_milliseconds <= 29000])
    error_message = "timeout_milliseconds must be 50 to 29000."
  }
}

variable "stage" {
  description = "Name of the stage: the path under which clients connect."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,128}$", var.stage))
    error_message = "stage must be 1 to 128 characters of A-Z, a-z, 0-9, _ and -."
  }
}

variable "throttling" {
  description = "Requests per second on each route, and how many may come at once. Beyond, API Gateway answers 429."
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
