locals {
  # What the functions read: see "Secret" in docs/architecture.md.
  _first_version = {
    apps = [{
      id      = var.app.id
      name    = var.app.name
      enabled = true
      keys = [{
        key       = terraform_data.app_key.output
        secret    = sensitive(sha256("${uuid()}${uuid()}"))
        state     = "active"
        createdAt = plantimestamp()
      }]
      settings = {}
    }]
  }
}

# uuid() draws from the system's randomness and anew on every apply; no plan knows what. The key is held by terraform_data,
# the secret by the version below: both ignore what is drawn after the first time. The data source of AWS for this
# (aws_secretsmanager_random_password) has the password as its id, and Terraform prints ids.
resource "terraform_data" "app_key" {
  # A key names a secret and is public, like a user name: clients carry it.
  input = substr(sha256(uuid()), 0, 20)

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:Keys are rotated by ops, which lets old and new overlap while clients move; a timer cannot know when they have.
  #checkov:skip=CKV_AWS_149:A customer managed key is the operator's choice (kms_key_arn); without one AWS's own key encrypts the secret.
  name                    = var.name
  description             = "Apps and their keys: what $connect checks tokens against."
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

resource "aws_secretsmanager_secret_version" "first" {
  secret_id     = aws_secretsmanager_secret.this.id
  secret_string = jsonencode(local._first_version)

  # INITIAL keeps Secrets Manager from collecting this version after rotations. Were it collected, the next apply would
  # write a first version again, over the rotated keys.
  version_stages = ["AWSCURRENT", "INITIAL"]

  lifecycle {
    # From here on the content belongs to `ops`.
    ignore_changes = [secret_string, version_stages]
  }
}
