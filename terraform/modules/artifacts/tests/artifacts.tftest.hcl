mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  bucket = "milequest-test-artifacts-123456789012"
}

run "the_bucket_is_closed_versioned_and_encrypted" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.bucket == "milequest-test-artifacts-123456789012" && !aws_s3_bucket.this.force_destroy
    error_message = "The bucket has the name it was given, and a destroy does not empty it."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Nothing about the bucket may become public."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "There must be no ACLs."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "The bucket must be versioned."
  }

  assert {
    condition = one([
      for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      one(rule.apply_server_side_encryption_by_default).sse_algorithm
    ]) == "AES256"
    error_message = "Without a key of one's own, S3's encrypts."
  }
}

run "plain_http_is_refused" {
  command = plan

  assert {
    condition     = length(aws_s3_bucket_policy.tls_only) == 1
    error_message = "The policy must be attached by default."
  }

  assert {
    condition = (
      data.aws_iam_policy_document.tls_only.statement[0].effect == "Deny" &&
      one(data.aws_iam_policy_document.tls_only.statement[0].condition).variable == "aws:SecureTransport"
    )
    error_message = "The policy must deny what does not come over TLS."
  }
}

run "plain_http_can_be_allowed_where_there_is_no_tls" {
  command = plan

  variables {
    require_tls = false
  }

  assert {
    condition     = length(aws_s3_bucket_policy.tls_only) == 0
    error_message = "require_tls = false must leave the policy out."
  }
}

run "a_key_of_ones_own_encrypts" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/k"
  }

  assert {
    condition = one([
      for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      one(rule.apply_server_side_encryption_by_default).kms_master_key_id
    ]) == "arn:aws:kms:us-east-1:123456789012:key/k"
    error_message = "kms_key_arn must be the key of the bucket."
  }
}

run "the_output_names_the_bucket" {
  command = apply

  assert {
    condition     = output.bucket == aws_s3_bucket.this.id
    error_message = "bucket must be what objects are put into."
  }
}

run "bucket_must_be_a_bucket_name" {
  command = plan

  variables {
    bucket = "Upper_Case"
  }

  expect_failures = [var.bucket]
}
