locals {
  _domains = var.custom_domain == null ? {} : { (var.custom_domain.domain_name) = var.custom_domain }
  _records = { for name, domain in local._domains : name => domain if domain.hosted_zone_id != null }
}

resource "aws_apigatewayv2_domain_name" "this" {
  for_each = local._domains

  domain_name = each.key

  domain_name_configuration {
    certificate_arn = each.value.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "this" {
  for_each = local._domains

  api_id          = aws_apigatewayv2_api.this.id
  api_mapping_key = each.value.mapping_key
  domain_name     = aws_apigatewayv2_domain_name.this[each.key].id
  stage           = aws_apigatewayv2_stage.this.id
}

resource "aws_route53_record" "this" {
  for_each = local._records

  name    = each.key
  type    = "A"
  zone_id = each.value.hosted_zone_id

  alias {
    evaluate_target_health = false
    name                   = aws_apigatewayv2_domain_name.this[each.key].domain_name_configuration[0].target_domain_name
    zone_id                = aws_apigatewayv2_domain_name.this[each.key].domain_name_configuration[0].hosted_zone_id
  }
}
