# Lambda reads its code from here. Uploading a local file in CreateFunction is serialised by the provider (about five
# seconds each); from a bucket the functions are created in parallel.
resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Who puts code here is in CloudTrail; a bucket of access logs for a handful of zips would be one more thing to protect.
  #checkov:skip=CKV_AWS_144:The zips can be built again anywhere, byte for byte.
  #checkov:skip=CKV_AWS_145:A customer managed key is the operator's choice (kms_key_arn); without one S3's own key encrypts the objects.
  #checkov:skip=CKV2_AWS_61:Terraform deletes what it replaces, with all its versions: nothing is left to expire.
  #checkov:skip=CKV2_AWS_62:Nothing acts on what is put here; Terraform itself points the functions at it.
  bucket        = var.bucket
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      kms_master_key_id = var.kms_key_arn
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
    }
  }
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "DenyPlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "tls_only" {
  count = var.require_tls ? 1 : 0

  bucket = aws_s3_bucket_public_access_block.this.bucket
  policy = data.aws_iam_policy_document.tls_only.json
}
