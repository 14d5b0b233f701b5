mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name = "milequest-test/apps"
}

run "the_first_version_is_what_functions_read" {
  command = apply

  override_data {
    target = data.aws_secretsmanager_random_password.key
    values = { random_password = "drawn0at0first000000" }
  }

  override_data {
    target = data.aws_secretsmanager_random_password.secret
    values = { random_password = "secret-at-first" }
  }

  assert {
    condition     = jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].id == "1"
    error_message = "The app must have its id."
  }

  assert {
    condition     = toset(keys(jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0])) == toset(["id", "name", "keys"])
    error_message = "An app is id, name and keys, as docs/architecture.md says."
  }

  assert {
    condition = (
      jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].keys[0].key == "drawn0at0first000000" &&
      jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].keys[0].secret == "secret-at-first" &&
      jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].keys[0].state == "active" &&
      can(timeadd(jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].keys[0].createdAt, "0s"))
    )
    error_message = "A key is key, secret, state and createdAt."
  }

  assert {
    condition     = toset(aws_secretsmanager_secret_version.first.version_stages) == toset(["AWSCURRENT", "INITIAL"])
    error_message = "INITIAL must keep the version from being collected."
  }

  assert {
    condition     = output.app_id == "1" && output.app_key == "drawn0at0first000000"
    error_message = "The outputs must say which app and which key."
  }

  assert {
    condition     = output.name == "milequest-test/apps" && output.arn == aws_secretsmanager_secret.this.arn
    error_message = "The outputs must be those of the secret."
  }
}

run "what_is_drawn_later_changes_nothing" {
  command = apply

  override_data {
    target = data.aws_secretsmanager_random_password.key
    values = { random_password = "drawn0later000000000" }
  }

  override_data {
    target = data.aws_secretsmanager_random_password.secret
    values = { random_password = "secret-drawn-later" }
  }

  assert {
    condition     = output.app_key == "drawn0at0first000000"
    error_message = "The key must stay."
  }

  assert {
    condition     = jsondecode(aws_secretsmanager_secret_version.first.secret_string).apps[0].keys[0].secret == "secret-at-first"
    error_message = "The secret must stay."
  }
}

run "key_and_secret_are_long_enough_and_plain" {
  command = plan

  assert {
    condition     = data.aws_secretsmanager_random_password.key.password_length == 20 && data.aws_secretsmanager_random_password.key.exclude_punctuation
    error_message = "A key is 20 letters and digits."
  }

  assert {
    condition     = data.aws_secretsmanager_random_password.secret.password_length >= 32 && data.aws_secretsmanager_random_password.secret.exclude_punctuation
    error_message = "HS256 wants at least 32 bytes."
  }

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

run "app_id_must_be_plain" {
  command = plan

  variables {
    app = { id = "a/b" }
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
