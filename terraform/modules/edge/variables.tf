variable "access_log" {
  description = "How long access logs are kept, and the KMS key in us-east-1 that encrypts them (null: CloudWatch's own)."
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

  validation {
    condition     = var.access_log.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:us-east-1:", var.access_log.kms_key_arn))
    error_message = "access_log.kms_key_arn must be a key in us-east-1, where CloudFront's logs are."
  }
}

variable "custom_domain" {
  description = <<-EOT
    A domain of one's own: its name, an ACM certificate in us-east-1 and the Route 53 zone to put the records in (null: they
    are made elsewhere). null: a name under cloudfront.net, whose oldest TLS version is CloudFront's to choose.
  EOT
  type = object({
    certificate_arn = string
    domain_name     = string
    hosted_zone_id  = optional(string)
  })
  default = null

  validation {
    condition     = var.custom_domain == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.custom_domain.domain_name))
    error_message = "custom_domain.domain_name must be a host name in lower case, for instance realtime.example.com."
  }

  validation {
    condition     = var.custom_domain == null ? true : can(regex("^arn:[a-z-]+:acm:us-east-1:[0-9]{12}:certificate/.+$", var.custom_domain.certificate_arn))
    error_message = "custom_domain.certificate_arn must be the ARN of an ACM certificate in us-east-1: CloudFront takes no other."
  }
}

variable "http_api" {
  description = "The API for server SDKs: the host name under which it answers."
  type = object({
    domain_name = string
  })
  nullable = false
}

variable "kms_key_arn" {
  description = "KMS key in the stack's region that encrypts the secret header's parameter. null: AWS's own key."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of what is made here: function, web ACL, log group, parameter."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,56}$", var.name))
    error_message = "name must be 1 to 56 characters of A-Z, a-z, 0-9, _ and -: the function's name adds eight, of 64."
  }
}

variable "price_class" {
  description = "Which of CloudFront's locations serve: PriceClass_All, _200 or _100, from the nearest to the cheapest."
  type        = string
  default     = "PriceClass_All"
  nullable    = false

  validation {
    condition     = contains(["PriceClass_All", "PriceClass_200", "PriceClass_100"], var.price_class)
    error_message = "price_class must be PriceClass_All, PriceClass_200 or PriceClass_100."
  }
}

variable "rate_limit" {
  description = "Connections that one address may try in five minutes; makes a web ACL, which is charged for. null: any number."
  type        = number
  default     = null

  validation {
    condition     = var.rate_limit == null ? true : var.rate_limit >= 10 && var.rate_limit <= 2000000000 && floor(var.rate_limit) == var.rate_limit
    error_message = "rate_limit must be a whole number from 10 to 2000000000."
  }
}

variable "web_acl_arn" {
  description = "A web ACL of one's own, of scope CLOUDFRONT, instead of one made for rate_limit. null: none."
  type        = string
  default     = null

  validation {
    condition     = var.web_acl_arn == null ? true : can(regex("^arn:[a-z-]+:wafv2:us-east-1:[0-9]{12}:global/webacl/.+$", var.web_acl_arn))
    error_message = "web_acl_arn must be the ARN of a web ACL of scope CLOUDFRONT, which is in us-east-1."
  }

  validation {
    condition     = var.web_acl_arn == null || var.rate_limit == null
    error_message = "web_acl_arn and rate_limit exclude each other: a distribution has one web ACL. Put the rate rule into yours."
  }
}

variable "websocket_api" {
  description = "The API for clients: the host name under which it answers, and the stage."
  type = object({
    domain_name = string
    stage       = string
  })
  nullable = false
}
