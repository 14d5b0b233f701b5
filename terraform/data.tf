module "connections" {
  source = "./modules/table"

  name          = "${local.prefix}-connections"
  hash_key      = "connectionId"
  ttl_attribute = "expiresAt"

  attributes = {
    connectedAt  = "N"
    connectionId = "S"
    teamId       = "S"
  }

  # All attributes, so that a page of `ops connections list` is one Query; a change of a row costs a second write for it.
  indexes = {
    team-connectedAt = {
      hash_key  = "teamId"
      range_key = "connectedAt"
    }
  }

  deletion_protection    = var.deletion_protection
  kms_key_arn            = var.kms_key_arn
  point_in_time_recovery = var.point_in_time_recovery
}

module "subscriptions" {
  source = "./modules/table"

  name          = "${local.prefix}-subscriptions"
  hash_key      = "channel"
  range_key     = "connectionId"
  ttl_attribute = "expiresAt"

  attributes = {
    channel      = "S"
    connectionId = "S"
  }

  deletion_protection    = var.deletion_protection
  kms_key_arn            = var.kms_key_arn
  point_in_time_recovery = var.point_in_time_recovery
}

module "apps_secret" {
  source = "./modules/secret"

  name                 = "${local.prefix}/apps"
  kms_key_arn          = var.kms_key_arn
  recovery_window_days = var.secret_recovery_window_days
}

module "artifacts" {
  source = "./modules/artifacts"

  bucket        = "${local.prefix}-artifacts-${local.account_id}"
  force_destroy = var.artifacts_force_destroy
  kms_key_arn   = var.kms_key_arn
  require_tls   = var.artifacts_require_tls
}
