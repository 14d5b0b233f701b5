variable "attributes" {
  description = "Every attribute that is part of a key, of the table or of an index: name to type (S, N or B)."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for type in values(var.attributes) : contains(["S", "N", "B"], type)])
    error_message = "The type of an attribute must be S, N or B."
  }

  validation {
    condition = toset(keys(var.attributes)) == toset(compact(concat(
      [var.hash_key, var.range_key],
      flatten([for index in values(var.indexes) : [index.hash_key, index.range_key]]),
    )))
    error_message = "attributes must name every key of the table and its indexes, and nothing else: DynamoDB refuses the rest."
  }
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table."
  type        = bool
  default     = true
  nullable    = false
}

variable "hash_key" {
  description = "Partition key."
  type        = string
  nullable    = false
}

variable "indexes" {
  description = "Global secondary indexes by name."
  type = map(object({
    hash_key           = string
    range_key          = optional(string)
    projection_type    = optional(string, "ALL")
    non_key_attributes = optional(list(string))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for index in values(var.indexes) : contains(["ALL", "KEYS_ONLY", "INCLUDE"], index.projection_type)])
    error_message = "projection_type must be ALL, KEYS_ONLY or INCLUDE."
  }

  validation {
    condition     = alltrue([for index in values(var.indexes) : (index.projection_type == "INCLUDE") == (index.non_key_attributes != null)])
    error_message = "non_key_attributes goes with projection_type INCLUDE, and only with it."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the table. null: a key that AWS owns, without charge."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the table."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{3,255}$", var.name))
    error_message = "name must be 3 to 255 characters of A-Z, a-z, 0-9, _, . and -."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored to any second of the last 35 days."
  type        = bool
  default     = true
  nullable    = false
}

variable "range_key" {
  description = "Sort key. null: the partition key alone is the key."
  type        = string
  default     = null
}

variable "ttl_attribute" {
  description = "Attribute (N, seconds) after which DynamoDB deletes a row. null: rows stay."
  type        = string
  default     = null
}
