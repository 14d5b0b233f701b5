output "bucket" {
  description = "Name of the bucket, for the objects that hold code. Known once the bucket is versioned, encrypted and closed to the public."
  value       = aws_s3_bucket.this.id

  depends_on = [
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}
