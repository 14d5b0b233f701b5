variable "coalesce_max_ms" {
  description = <<-EOT
    Longest that plain clients may have several events wait to come in one frame (?coalesce=MS when they connect): API Gateway
    charges a message for each 32 KB begun, so small events cost less together. 0: nobody's events wait.

    On, it has its price, whether anybody asks or not: a plain event to more than fanout.direct_readers readers is read and
    shared out twice, for those whose events wait and for the others. And each event that waits costs writes of its channel's
    row in the table state, by the size of all that waits there.
  EOT
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.coalesce_max_ms >= 0 && var.coalesce_max_ms <= 1000 && floor(var.coalesce_max_ms) == var.coalesce_max_ms
    error_message = "coalesce_max_ms must be a whole number from 0 (off) to 1000."
  }
}

variable "fanout" {
  description = <<-EOT
    How a published event reaches a channel's readers.

    direct_readers: up to so many have it before the publish returns; events for more are shared out to runs of deliver.
    share_readers, max_shares: readers that a share is to have, and shares that there are at most; shares grow beyond.
    requests_per_second: what all shares together may take of the account's requests to @connections, 10,000 a second
    unless AWS raised it; the rest is for replies, small channels and other APIs of the account. It also holds for what each
    process posts by itself, direct publishes and replies: a token bucket, half of a second's at once after a pause.
    max_age_seconds: what a share could not begin to deliver by then is shed, and counted.
  EOT
  type = object({
    direct_readers      = optional(number, 500)
    max_age_seconds     = optional(number, 300)
    max_shares          = optional(number, 20)
    requests_per_second = optional(number, 5000)
    share_readers       = optional(number, 5000)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for number in values(var.fanout) : number >= 1 && floor(number) == number])
    error_message = "Every number of fanout must be whole, 1 or more."
  }

  validation {
    condition     = var.fanout.direct_readers <= 10000
    error_message = "fanout.direct_readers must be at most 10000: a publish has 29 seconds, and API Gateway lets 10,000 requests a second pass."
  }

  validation {
    condition     = var.fanout.requests_per_second >= 50
    error_message = "fanout.requests_per_second must be at least 50: a share books five seconds of them at once, and fewer than 250 would not be worth a booking."
  }

  validation {
    condition     = var.fanout.direct_readers <= 10 * var.fanout.requests_per_second
    error_message = "fanout.direct_readers must be at most 10 times fanout.requests_per_second: a publish has 29 seconds, and posts no faster than that."
  }

  validation {
    condition     = var.fanout.max_shares <= 500
    error_message = "fanout.max_shares must be at most 500: each is a run of deliver at the same time, and an account has 1,000 of all functions together."
  }

  validation {
    condition     = var.fanout.max_age_seconds <= 600
    error_message = "fanout.max_age_seconds must be at most 600: Lambda drops a share that it could not run within 900 seconds."
  }
}
