variable "access_log_retention_days" {
  description = "Days for which the API's access logs are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.access_log_retention_days)
    error_message = "access_log_retention_days must be one that CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "api_account_logging_role" {
  description = <<-EOT
    Whether this stack sets the role under which API Gateway writes logs: one setting for the whole account and region,
    without which no stage can have logs. Only ONE stack per account and region may hold it, all others false: two would
    overwrite each other's role, and destroying one would take the logs from the other.
  EOT
  type        = bool
  default     = true
  nullable    = false
}

variable "api_detailed_metrics" {
  description = "Whether CloudWatch gets the API's metrics per route, which are charged like one's own."
  type        = bool
  default     = false
  nullable    = false
}

variable "api_execution_log" {
  description = "API Gateway's own log, for debugging: level OFF, ERROR or INFO; data_trace writes whole messages, tokens included."
  type = object({
    data_trace = optional(bool, false)
    level      = optional(string, "OFF")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["OFF", "ERROR", "INFO"], var.api_execution_log.level)
    error_message = "api_execution_log.level must be OFF, ERROR or INFO."
  }

  validation {
    condition     = !(var.api_execution_log.data_trace && var.environment == "prod")
    error_message = "api_execution_log.data_trace must be false in prod: it writes tokens and messages into a log."
  }
}

variable "custom_domain" {
  description = <<-EOT
    A domain of one's own: its name, an ACM certificate in `region`, the Route 53 zone to put the record in (null: the record
    is made elsewhere) and the path under which the stage appears (null: the root). null: none. With the edge on, clients
    use edge.custom_domain instead.
  EOT
  type = object({
    certificate_arn = string
    domain_name     = string
    hosted_zone_id  = optional(string)
    mapping_key     = optional(string)
  })
  default = null

  validation {
    condition     = var.custom_domain == null ? true : can(regex("^arn:[a-z-]+:acm:${var.region}:[0-9]{12}:certificate/.+$", var.custom_domain.certificate_arn))
    error_message = "custom_domain.certificate_arn must be the ARN of an ACM certificate in region."
  }

  validation {
    condition     = var.custom_domain == null || var.edge == null
    error_message = "custom_domain leads round the edge, where $connect refuses everybody: use edge.custom_domain, or edge = null."
  }
}

variable "edge" {
  description = <<-EOT
    CloudFront in front of both APIs, with which Pusher's clients work: they ask for /app/KEY. custom_domain: a name, an ACM
    certificate in us-east-1 and the Route 53 zone to put the records in (null: they are made elsewhere). price_class: which
    of its locations serve. rate_limit: connections that one address may try in five minutes; makes a web ACL. web_acl_arn: a
    web ACL of one's own instead. null: no edge; plain clients and server SDKs go to API Gateway, Pusher's clients nowhere.
  EOT
  type = object({
    custom_domain = optional(object({
      certificate_arn = string
      domain_name     = string
      hosted_zone_id  = optional(string)
    }))
    price_class = optional(string, "PriceClass_All")
    rate_limit  = optional(number)
    web_acl_arn = optional(string)
  })
  default = {}

  validation {
    condition     = var.edge == null || !can(regex("^(cn|us-gov)-", var.region))
    error_message = "edge must be null in China and GovCloud: CloudFront there is another, or none."
  }

  validation {
    condition     = try(var.edge.custom_domain, null) == null ? true : can(regex("^arn:aws:acm:us-east-1:[0-9]{12}:certificate/.+$", var.edge.custom_domain.certificate_arn))
    error_message = "edge.custom_domain.certificate_arn must be the ARN of an ACM certificate in us-east-1: CloudFront takes no other."
  }
}

variable "stage" {
  description = "Name of the API's stage: the path under which clients connect."
  type        = string
  default     = "production"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,128}$", var.stage))
    error_message = "stage must be 1 to 128 characters of A-Z, a-z, 0-9, _ and -."
  }
}

variable "throttling_burst_limit" {
  description = "Requests that may come at once on each route; the account allows 5000 over all its APIs."
  type        = number
  default     = 2500
  nullable    = false

  validation {
    condition     = var.throttling_burst_limit >= 1 && floor(var.throttling_burst_limit) == var.throttling_burst_limit
    error_message = "throttling_burst_limit must be a whole number, 1 or more: at 0 nothing passes."
  }
}

variable "throttling_rate_limit" {
  description = "Requests per second on each route; the account allows 10000 over all its APIs."
  type        = number
  default     = 5000
  nullable    = false

  validation {
    condition     = var.throttling_rate_limit > 0
    error_message = "throttling_rate_limit must be more than 0: at 0 nothing passes."
  }
}
