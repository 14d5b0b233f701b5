mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name = "milequest-test/apps"
}

run "the_first_version_is_what_functions_read" {
  command = apply

  assert {
    condition     = jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].id == "1"
    error_message = "The app must have its id."
  }

  assert {
    condition = (
      toset(keys(jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0])) == toset(["id", "name", "enabled", "keys", "settings"]) &&
      jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].enabled &&
      length(jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].settings) == 0
    )
    error_message = "An app is id, name, enabled, keys and settings, as docs/architecture.md says: at first enabled, all settings by default."
  }

  assert {
    condition = (
      jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].keys[0].key == terraform_data.app_key.output &&
      can(regex("^[0-9a-f]{64}$", jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].keys[0].secret)) &&
      jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].keys[0].state == "active" &&
      can(timeadd(jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].keys[0].createdAt, "0s"))
    )
    error_message = "A key is key, secret (HS256 wants at least 32 bytes), state and createdAt."
  }

  assert {
    condition     = toset(aws_secretsmanager_secret_version.first.version_stages) == toset(["AWSCURRENT", "INITIAL"])
    error_message = "INITIAL must keep the version from being collected."
  }

  assert {
    condition     = output.app_id == "1" && can(regex("^[0-9a-f]{20}$", output.app_key))
    error_message = "The outputs must say which app and which key."
  }

  assert {
    condition     = output.name == "milequest-test/apps" && output.arn == aws_secretsmanager_secret.this.arn
    error_message = "The outputs must be those of the secret."
  }
}

run "what_is_drawn_later_changes_no_key" {
  command = apply

  assert {
    condition     = output.app_key == run.the_first_version_is_what_functions_read.app_key
    error_message = "The key must stay."
  }

  assert {
    condition     = jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].keys[0].key == output.app_key
    error_message = "The secret must stay that of the key."
  }
}

# What a plan would draw anew it does not know, and the assertion would end in an error.
run "a_later_plan_draws_no_secret" {
  command = plan

  assert {
    condition     = length(aws_secretsmanager_secret_version.first.secret_string) > 64
    error_message = "The plan must know the secret, since it keeps it."
  }
}

run "a_deleted_secret_can_be_restored" {
  command = plan

  assert {
    condition     = aws_secretsmanager_secret.this.recovery_window_in_days == 30
    error_message = "A deleted secret must be recoverable by default."
  }
}

run "a_key_of_ones_own_and_no_recovery" {
  command = plan

  variables {
    kms_key_arn          = "arn:aws:kms:us-east-1:123456789012:key/k"
    recovery_window_days = 0
  }

  assert {
    condition     = aws_secretsmanager_secret.this.kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/k" && aws_secretsmanager_secret.this.recovery_window_in_days == 0
    error_message = "Both must reach the secret."
  }
}

run "app_id_must_be_a_number" {
  command = plan

  variables {
    app = { id = "a1" }
  }

  expect_failures = [var.app]
}

run "name_must_be_a_secret_name" {
  command = plan

  variables {
    name = "no spaces"
  }

  expect_failures = [var.name]
}

run "recovery_window_is_0_or_7_to_30" {
  command = plan

  variables {
    recovery_window_days = 3
  }

  expect_failures = [var.recovery_window_days]
}
