# Credentials and endpoints come from the environment, as for every AWS tool: nothing here knows where it is applied.
provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}
