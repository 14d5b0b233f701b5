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

# Who is in a presence channel, and which users are signed in: one row for a user, whatever their number of tabs.
module "members" {
  source = "./modules/table"

  name          = "${local.prefix}-members"
  hash_key      = "channel"
  range_key     = "userId"
  ttl_attribute = "expiresAt"

  attributes = {
    channel = "S"
    userId  = "S"
  }

  deletion_protection    = var.deletion_protection
  kms_key_arn            = var.kms_key_arn
  point_in_time_recovery = var.point_in_time_recovery
}

# Which channels are occupied.
module "channels" {
  source = "./modules/table"

  name          = "${local.prefix}-channels"
  hash_key      = "appId"
  range_key     = "channel"
  ttl_attribute = "expiresAt"

  attributes = {
    appId   = "S"
    channel = "S"
  }

  deletion_protection    = var.deletion_protection
  kms_key_arn            = var.kms_key_arn
  point_in_time_recovery = var.point_in_time_recovery
}

# Small values that end by themselves: last events of cache channels, rates, what is done once.
module "state" {
  source = "./modules/table"

  name          = "${local.prefix}-state"
  hash_key      = "id"
  ttl_attribute = "expiresAt"

  attributes = {
    id = "S"
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
