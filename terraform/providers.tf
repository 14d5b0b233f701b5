# Credentials and endpoints come from the environment, as for every AWS tool: nothing here knows where it is applied.
provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}

# CloudFront's web ACLs and log deliveries are there, wherever the stack is.
provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  default_tags {
    tags = local.tags
  }
}
