locals {
  # AWS's own policies, by the ids it publishes: the same in every account. Host is left out because API Gateway finds the
  # API by it; caching is off because no answer serves two clients.
  _caching_disabled               = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  _all_viewer_except_host_request = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

  _origins = {
    http      = { domain_name = var.http_api.domain_name, path = null }
    websocket = { domain_name = var.websocket_api.domain_name, path = "/${var.websocket_api.stage}" }
  }

  # What is named nowhere goes to the WebSocket API too: plain clients ask for /.
  _behaviors = {
    "/app/*"   = "websocket"
    "/apps/*"  = "http"
    "/config"  = "http"
    "/users/*" = "http"
  }

  _methods = {
    http      = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    websocket = ["GET", "HEAD"]
  }

  _aliases     = var.custom_domain == null ? [] : [var.custom_domain.domain_name]
  _domain_name = var.custom_domain == null ? aws_cloudfront_distribution.this.domain_name : var.custom_domain.domain_name
  _web_acl_arn = var.rate_limit == null ? var.web_acl_arn : aws_wafv2_web_acl.this[0].arn
}

resource "aws_cloudfront_function" "rewrite" {
  name    = "${var.name}-rewrite"
  comment = "Moves the key of /app/KEY into the query string."
  runtime = "cloudfront-js-2.0"
  code    = file("${path.module}/rewrite.js")
  publish = true
}

# CloudFront sends it with every request, and the functions refuse what comes without: nobody walks round the edge. Drawn
# like the app's secret, see modules/secret: unknown to every plan, kept after the first apply. A parameter holds it because
# the provider treats its value as sensitive, in the plan of a destroy as well.
resource "aws_ssm_parameter" "origin_secret" {
  #checkov:skip=CKV_AWS_337:A customer managed key is the operator's choice (kms_key_arn); without one AWS's own key encrypts the parameter.
  name        = "/${var.name}/origin-secret"
  description = "What the edge sends as x-origin-secret. Nobody reads it at run time: the functions know its hash."
  type        = "SecureString"
  key_id      = var.kms_key_arn
  value       = sensitive(sha256("${uuid()}${uuid()}"))

  lifecycle {
    ignore_changes = [value]
  }
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_68:A web ACL is charged for, and the operator's choice (rate_limit or web_acl_arn).
  #checkov:skip=CKV_AWS_86:Logged with standard logging v2, see log.tf; the older logs that this looks for hold query strings, and so tokens.
  #checkov:skip=CKV_AWS_174:TLS 1.2 with a domain of one's own; under *.cloudfront.net CloudFront lets nobody choose.
  #checkov:skip=CKV_AWS_305:There are no pages, and so no root object.
  #checkov:skip=CKV_AWS_310:Each origin is one API in one region; there is none to fail over to.
  #checkov:skip=CKV_AWS_374:Where clients may come from is not for this stack to say.
  #checkov:skip=CKV2_AWS_32:What passes is frames and JSON for programs, not pages: a policy of browser headers has nothing to protect.
  #checkov:skip=CKV2_AWS_42:A certificate of one's own goes with a domain of one's own (custom_domain).
  #checkov:skip=CKV2_AWS_46:The origins are APIs, not buckets.
  #checkov:skip=CKV2_AWS_47:Rule sets for web pages take events that users write for attacks; every function reads its input as data.
  comment         = var.name
  enabled         = true
  aliases         = local._aliases
  http_version    = "http2"
  is_ipv6_enabled = true
  price_class     = var.price_class
  web_acl_id      = local._web_acl_arn

  dynamic "origin" {
    for_each = local._origins

    content {
      domain_name = origin.value.domain_name
      origin_id   = origin.key
      origin_path = origin.value.path

      # Over what a client may have sent under this name.
      custom_header {
        name  = "x-origin-secret"
        value = aws_ssm_parameter.origin_secret.value
      }

      # 30 s: longer than API Gateway waits for a function.
      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = "https-only"
        origin_read_timeout    = 30
        origin_ssl_protocols   = ["TLSv1.2"]
      }
    }
  }

  default_cache_behavior {
    allowed_methods          = local._methods.websocket
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local._caching_disabled
    origin_request_policy_id = local._all_viewer_except_host_request
    target_origin_id         = "websocket"
    viewer_protocol_policy   = "https-only"

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.rewrite.arn
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = local._behaviors

    content {
      path_pattern             = ordered_cache_behavior.key
      allowed_methods          = local._methods[ordered_cache_behavior.value]
      cached_methods           = ["GET", "HEAD"]
      cache_policy_id          = local._caching_disabled
      origin_request_policy_id = local._all_viewer_except_host_request
      target_origin_id         = ordered_cache_behavior.value
      viewer_protocol_policy   = "https-only"

      # What server SDKs send is signed over the path: it goes through unchanged.
      dynamic "function_association" {
        for_each = ordered_cache_behavior.value == "websocket" ? [aws_cloudfront_function.rewrite.arn] : []

        content {
          event_type   = "viewer-request"
          function_arn = function_association.value
        }
      }
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  # With its own certificate CloudFront sets the oldest TLS itself, and takes no other value.
  viewer_certificate {
    acm_certificate_arn            = try(var.custom_domain.certificate_arn, null)
    cloudfront_default_certificate = var.custom_domain == null
    minimum_protocol_version       = var.custom_domain == null ? "TLSv1" : "TLSv1.2_2021"
    ssl_support_method             = var.custom_domain == null ? null : "sni-only"
  }
}

# IPv4 and IPv6.
resource "aws_route53_record" "this" {
  for_each = try(var.custom_domain.hosted_zone_id, null) == null ? toset([]) : toset(["A", "AAAA"])

  name    = var.custom_domain.domain_name
  type    = each.key
  zone_id = var.custom_domain.hosted_zone_id

  alias {
    evaluate_target_health = false
    name                   = aws_cloudfront_distribution.this.domain_name
    zone_id                = aws_cloudfront_distribution.this.hosted_zone_id
  }
}
