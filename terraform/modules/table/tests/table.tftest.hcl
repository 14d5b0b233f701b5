mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name       = "milequest-test-rows"
  hash_key   = "id"
  attributes = { id = "S" }
}

run "defaults_are_those_of_production" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "The table must be on demand."
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "Deletion protection and point-in-time recovery must be on unless turned off."
  }

  assert {
    condition     = aws_dynamodb_table.this.range_key == null && length(aws_dynamodb_table.this.global_secondary_index) == 0
    error_message = "There must be no sort key and no index unless named."
  }

  assert {
    condition     = output.name == "milequest-test-rows"
    error_message = "name must be that of the table."
  }
}

run "keys_indexes_expiry_and_encryption" {
  command = plan

  variables {
    attributes             = { id = "S", at = "N", team = "S" }
    deletion_protection    = false
    indexes                = { team-at = { hash_key = "team", range_key = "at" } }
    kms_key_arn            = "arn:aws:kms:us-east-1:123456789012:key/k"
    point_in_time_recovery = false
    range_key              = "at"
    ttl_attribute          = "expiresAt"
  }

  assert {
    condition     = jsonencode({ for attribute in aws_dynamodb_table.this.attribute : attribute.name => attribute.type }) == jsonencode({ id = "S", at = "N", team = "S" })
    error_message = "Every key must be declared with its type."
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "id" && aws_dynamodb_table.this.range_key == "at"
    error_message = "The table must have the keys it was given."
  }

  assert {
    condition = alltrue([
      for index in aws_dynamodb_table.this.global_secondary_index :
      index.name == "team-at" && index.hash_key == "team" && index.range_key == "at" && index.projection_type == "ALL"
    ]) && length(aws_dynamodb_table.this.global_secondary_index) == 1
    error_message = "The index must have its name, its keys and all attributes."
  }

  assert {
    condition     = aws_dynamodb_table.this.ttl[0].enabled && aws_dynamodb_table.this.ttl[0].attribute_name == "expiresAt"
    error_message = "Rows must expire by the attribute that was named."
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == "arn:aws:kms:us-east-1:123456789012:key/k"
    error_message = "kms_key_arn must encrypt the table."
  }

  assert {
    condition     = !aws_dynamodb_table.this.deletion_protection_enabled && !aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "Both protections can be turned off."
  }
}

run "the_arn_is_that_of_the_table" {
  command = apply

  assert {
    condition     = output.arn == aws_dynamodb_table.this.arn
    error_message = "arn must be that of the table."
  }
}

run "attribute_types_are_closed" {
  command = plan

  variables {
    attributes = { id = "STRING" }
  }

  expect_failures = [var.attributes]
}

run "every_key_must_be_an_attribute" {
  command = plan

  variables {
    range_key = "at"
  }

  expect_failures = [var.attributes]
}

run "every_attribute_must_be_a_key" {
  command = plan

  variables {
    attributes = { id = "S", other = "S" }
  }

  expect_failures = [var.attributes]
}

run "projection_types_are_closed" {
  command = plan

  variables {
    indexes = { by-id = { hash_key = "id", projection_type = "SOME" } }
  }

  expect_failures = [var.indexes]
}

run "include_names_its_attributes" {
  command = plan

  variables {
    indexes = { by-id = { hash_key = "id", projection_type = "INCLUDE" } }
  }

  expect_failures = [var.indexes]
}

run "name_must_be_a_table_name" {
  command = plan

  variables {
    name = "no spaces"
  }

  expect_failures = [var.name]
}
