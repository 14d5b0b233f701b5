locals {
  # Those that clients reach refuse what did not come through the edge, where there is one.
  _behind_edge = var.edge == null ? {} : { ORIGIN_HEADER_SHA256 = module.edge[0].origin_header_sha256 }
}

# In front of both APIs: without it there is no /app/KEY, which API Gateway cannot serve.
module "edge" {
  source = "./modules/edge"
  count  = var.edge == null ? 0 : 1

  name          = "${local.prefix}-edge"
  custom_domain = var.edge.custom_domain
  kms_key_arn   = var.kms_key_arn
  price_class   = var.edge.price_class
  rate_limit    = var.edge.rate_limit
  web_acl_arn   = var.edge.web_acl_arn

  access_log = {
    # The key is of the stack's region, the log is not.
    kms_key_arn    = var.region == "us-east-1" ? var.kms_key_arn : null
    retention_days = var.access_log_retention_days
  }

  http_api = {
    domain_name = module.http_api.domain_name
  }

  websocket_api = {
    domain_name = module.websocket_api.domain_name
    stage       = module.websocket_api.stage
  }

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }
}
