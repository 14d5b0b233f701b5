variable "bucket" {
  description = "Name of the bucket. Bucket names are global: put the account id in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must be 3 to 63 characters of a-z, 0-9 and -, and neither start nor end with -."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket also deletes what is in it. Off, a destroy stops at a bucket that is not empty."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the objects. null: S3's own key."
  type        = string
  default     = null
}

variable "require_tls" {
  description = "Whether requests over plain HTTP are refused. Off only where there is no TLS, on the local AWS."
  type        = bool
  default     = true
  nullable    = false
}
