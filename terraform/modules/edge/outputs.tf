output "domain_name" {
  description = "Host under which clients and server SDKs find both APIs: the custom domain if there is one, else CloudFront's."
  value       = local._domain_name

  depends_on = [aws_route53_record.this]
}

output "http_url" {
  description = "Where server SDKs send requests."
  value       = "https://${local._domain_name}"

  depends_on = [aws_route53_record.this]
}

output "origin_header_sha256" {
  description = "SHA-256, in hex, of what the edge sends as x-origin-secret, for the functions that check it. Does not wait for the distribution."
  # Of 256 random bits the hash tells nothing.
  value = nonsensitive(sha256(aws_ssm_parameter.origin_secret.value))
}

output "websocket_url" {
  description = "Where plain clients connect."
  value       = "wss://${local._domain_name}"

  depends_on = [aws_route53_record.this]
}
