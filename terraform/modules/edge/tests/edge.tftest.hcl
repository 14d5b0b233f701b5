mock_provider "aws" {
  source = "../../tests/mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../tests/mocks"
}

variables {
  access_log    = { retention_days = 30 }
  http_api      = { domain_name = "h1t2t3p4a5.execute-api.eu-west-1.amazonaws.com" }
  name          = "milequest-test-edge"
  websocket_api = { domain_name = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", stage = "production" }
}

run "each_path_goes_to_its_api" {
  command = apply

  assert {
    condition = {
      for origin in aws_cloudfront_distribution.this.origin : origin.origin_id => "${origin.domain_name}${origin.origin_path == null ? "" : origin.origin_path}"
      } == {
      http      = "h1t2t3p4a5.execute-api.eu-west-1.amazonaws.com"
      websocket = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/production"
    }
    error_message = "The WebSocket API must be asked at its stage, the HTTP API at its root."
  }

  assert {
    condition = {
      for behavior in aws_cloudfront_distribution.this.ordered_cache_behavior : behavior.path_pattern => behavior.target_origin_id
      } == {
      "/app/*"   = "websocket"
      "/apps/*"  = "http"
      "/config"  = "http"
      "/users/*" = "http"
    }
    error_message = "Clients must reach the WebSocket API, server SDKs the HTTP API."
  }

  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].target_origin_id == "websocket"
    error_message = "Plain clients ask for / and must reach the WebSocket API."
  }

  assert {
    condition = alltrue([
      for behavior in concat(aws_cloudfront_distribution.this.default_cache_behavior, aws_cloudfront_distribution.this.ordered_cache_behavior) : (
        behavior.cache_policy_id == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" &&
        behavior.origin_request_policy_id == "b689b0a8-53d0-40ab-baf2-68738e2966ac" &&
        behavior.viewer_protocol_policy == "https-only"
      )
    ])
    error_message = "Nothing may be cached, everything but Host must reach the API, and only over TLS."
  }

  assert {
    condition = alltrue([
      for behavior in aws_cloudfront_distribution.this.ordered_cache_behavior :
      contains(behavior.allowed_methods, "POST") && contains(behavior.allowed_methods, "DELETE") if behavior.target_origin_id == "http"
    ])
    error_message = "Server SDKs must be able to publish."
  }

  assert {
    condition = alltrue([
      for origin in aws_cloudfront_distribution.this.origin : (
        origin.custom_origin_config[0].origin_protocol_policy == "https-only" &&
        toset(origin.custom_origin_config[0].origin_ssl_protocols) == toset(["TLSv1.2"])
      )
    ])
    error_message = "The APIs must be asked over TLS 1.2."
  }

  assert {
    condition = (
      output.domain_name == "d1e2d3g4e5.cloudfront.net" &&
      output.http_url == "https://d1e2d3g4e5.cloudfront.net" &&
      output.websocket_url == "wss://d1e2d3g4e5.cloudfront.net"
    )
    error_message = "The outputs must be where clients and server SDKs find the edge."
  }
}

run "only_what_clients_ask_for_is_rewritten" {
  command = apply

  assert {
    condition = (
      aws_cloudfront_function.rewrite.runtime == "cloudfront-js-2.0" &&
      aws_cloudfront_function.rewrite.publish &&
      aws_cloudfront_function.rewrite.code == file("rewrite.js")
    )
    error_message = "The function must be the file that the local gateway runs too."
  }

  # CloudFront takes no more.
  assert {
    condition     = length(aws_cloudfront_function.rewrite.code) < 10240
    error_message = "The function must be smaller than 10 KB."
  }

  assert {
    condition = alltrue([
      for behavior in concat(aws_cloudfront_distribution.this.default_cache_behavior, aws_cloudfront_distribution.this.ordered_cache_behavior) : (
        join(",", [for function in behavior.function_association : "${function.event_type} ${function.function_arn}"])
        == (behavior.target_origin_id == "websocket" ? "viewer-request ${aws_cloudfront_function.rewrite.arn}" : "")
      )
    ])
    error_message = "Requests for the WebSocket API must be rewritten; those that are signed over their path must not."
  }
}

run "nobody_walks_round_it" {
  command = apply

  assert {
    condition     = aws_ssm_parameter.origin_secret.type == "SecureString" && can(regex("^[0-9a-f]{64}$", aws_ssm_parameter.origin_secret.value))
    error_message = "The secret must be 256 random bits, encrypted."
  }

  assert {
    condition     = issensitive(aws_cloudfront_distribution.this.origin)
    error_message = "No plan may print the secret."
  }

  assert {
    condition = alltrue([
      for origin in nonsensitive(aws_cloudfront_distribution.this.origin) :
      [for header in origin.custom_header : header.name] == ["x-origin-secret"] && one(origin.custom_header).value == aws_ssm_parameter.origin_secret.value
    ])
    error_message = "Both APIs must be sent the secret."
  }

  assert {
    condition     = output.origin_header_sha256 == nonsensitive(sha256(aws_ssm_parameter.origin_secret.value))
    error_message = "The functions must be told its hash."
  }
}

run "what_is_drawn_later_changes_no_secret" {
  command = apply

  assert {
    condition     = output.origin_header_sha256 == run.nobody_walks_round_it.origin_header_sha256
    error_message = "The secret must stay."
  }
}

# What a plan would draw anew it does not know, and the assertion would end in an error.
run "a_later_plan_draws_no_secret" {
  command = plan

  assert {
    condition     = length(output.origin_header_sha256) == 64
    error_message = "The plan must know the secret, since it keeps it."
  }
}

run "the_access_log_names_requests_and_nothing_private" {
  command = apply

  assert {
    condition = (
      aws_cloudwatch_log_delivery_source.this.resource_arn == aws_cloudfront_distribution.this.arn &&
      aws_cloudwatch_log_delivery_source.this.log_type == "ACCESS_LOGS" &&
      one(aws_cloudwatch_log_delivery_destination.this.delivery_destination_configuration).destination_resource_arn == aws_cloudwatch_log_group.access.arn &&
      aws_cloudwatch_log_delivery.this.delivery_destination_arn == aws_cloudwatch_log_delivery_destination.this.arn &&
      aws_cloudwatch_log_delivery.this.delivery_source_name == aws_cloudwatch_log_delivery_source.this.name
    )
    error_message = "The distribution's requests must reach the log group."
  }

  assert {
    condition     = length([for field in aws_cloudwatch_log_delivery.this.record_fields : field if can(regex("(?i)query|cookie|referer", field))]) == 0
    error_message = "No query string, cookie or referrer may be in the log."
  }

  assert {
    condition     = aws_cloudwatch_log_group.access.retention_in_days == 30
    error_message = "Access logs must be kept as long as was said."
  }
}

run "a_domain_of_ones_own" {
  command = apply

  variables {
    custom_domain = {
      certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c"
      domain_name     = "realtime.example.com"
      hosted_zone_id  = "Z123"
    }
  }

  assert {
    condition = (
      aws_cloudfront_distribution.this.aliases == toset(["realtime.example.com"]) &&
      aws_cloudfront_distribution.this.viewer_certificate[0].acm_certificate_arn == "arn:aws:acm:us-east-1:123456789012:certificate/c" &&
      aws_cloudfront_distribution.this.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021" &&
      aws_cloudfront_distribution.this.viewer_certificate[0].ssl_support_method == "sni-only"
    )
    error_message = "The domain must be served with its certificate, over TLS 1.2 or newer."
  }

  assert {
    condition = (
      toset([for record in aws_route53_record.this : record.type]) == toset(["A", "AAAA"]) &&
      alltrue([for record in aws_route53_record.this : record.zone_id == "Z123" && record.alias[0].name == "d1e2d3g4e5.cloudfront.net"])
    )
    error_message = "The zone must get alias records for IPv4 and IPv6."
  }

  assert {
    condition     = output.domain_name == "realtime.example.com"
    error_message = "Clients must be sent to the domain."
  }
}

run "a_domain_whose_records_are_made_elsewhere" {
  command = apply

  variables {
    custom_domain = {
      certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/c"
      domain_name     = "realtime.example.com"
    }
  }

  assert {
    condition     = length(aws_route53_record.this) == 0 && output.domain_name == "realtime.example.com"
    error_message = "Without a zone there must be no record."
  }
}

run "no_web_acl_unless_there_is" {
  command = apply

  assert {
    condition     = length(aws_wafv2_web_acl.this) == 0 && aws_cloudfront_distribution.this.web_acl_id == null
    error_message = "A web ACL is charged for: none unless asked for."
  }

  assert {
    condition     = aws_cloudfront_distribution.this.is_ipv6_enabled && aws_cloudfront_distribution.this.price_class == "PriceClass_All"
    error_message = "IPv6 must be served, from the nearest location."
  }
}

run "one_address_may_only_connect_so_often" {
  command = apply

  variables {
    rate_limit = 500
  }

  assert {
    condition     = aws_cloudfront_distribution.this.web_acl_id == aws_wafv2_web_acl.this[0].arn && aws_wafv2_web_acl.this[0].scope == "CLOUDFRONT"
    error_message = "The web ACL must be the distribution's."
  }

  assert {
    condition = (
      one(aws_wafv2_web_acl.this[0].rule).statement[0].rate_based_statement[0].limit == 500 &&
      one(aws_wafv2_web_acl.this[0].rule).statement[0].rate_based_statement[0].aggregate_key_type == "IP" &&
      length(one(aws_wafv2_web_acl.this[0].rule).action[0].block) == 1
    )
    error_message = "Beyond the limit an address must be refused."
  }

  assert {
    condition = (
      one(aws_wafv2_web_acl.this[0].rule).statement[0].rate_based_statement[0].scope_down_statement[0].not_statement[0].statement[0].regex_match_statement[0].regex_string
      == "^/(apps|users)/"
    )
    error_message = "What servers send is signed, comes from one address, and must not be counted."
  }

  assert {
    condition = alltrue([
      for visibility in concat(aws_wafv2_web_acl.this[0].visibility_config, one(aws_wafv2_web_acl.this[0].rule).visibility_config) :
      !visibility.sampled_requests_enabled
    ])
    error_message = "Samples would show query strings."
  }
}

run "a_web_acl_of_ones_own" {
  command = plan

  variables {
    price_class = "PriceClass_100"
    web_acl_arn = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/ours/1"
  }

  assert {
    condition     = aws_cloudfront_distribution.this.web_acl_id == "arn:aws:wafv2:us-east-1:123456789012:global/webacl/ours/1" && length(aws_wafv2_web_acl.this) == 0
    error_message = "The web ACL must be the one given."
  }

  assert {
    condition     = aws_cloudfront_distribution.this.price_class == "PriceClass_100"
    error_message = "The price class must be the one given."
  }
}

run "keys_of_ones_own" {
  command = plan

  variables {
    access_log  = { kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/log", retention_days = 30 }
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
  }

  assert {
    condition = (
      aws_cloudwatch_log_group.access.kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/log" &&
      aws_ssm_parameter.origin_secret.key_id == "arn:aws:kms:eu-west-1:123456789012:key/k"
    )
    error_message = "Each key must reach what is in its region."
  }
}
