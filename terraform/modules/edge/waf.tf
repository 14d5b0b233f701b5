resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV_AWS_192:Rule sets for web pages take events that users write for attacks; nothing here runs Java.
  #checkov:skip=CKV2_AWS_31:Its logs hold query strings, and so tokens; how many were refused is a metric.
  count    = var.rate_limit == null ? 0 : 1
  provider = aws.us_east_1

  name        = var.name
  description = "How often one address may connect."
  scope       = "CLOUDFRONT"

  default_action {
    allow {}
  }

  # Connections alone: a server sends all its users' events from one address, signed, and is throttled as an app.
  rule {
    name     = "connections-by-address"
    priority = 0

    action {
      block {}
    }

    statement {
      rate_based_statement {
        aggregate_key_type = "IP"
        limit              = var.rate_limit

        scope_down_statement {
          not_statement {
            statement {
              regex_match_statement {
                regex_string = "^/(apps|users)/"

                field_to_match {
                  uri_path {}
                }

                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }
          }
        }
      }
    }

    # Sampled requests would show query strings.
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "connections-by-address"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = false
  }
}
