terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.83"

      # CloudFront's web ACLs and log deliveries exist in us-east-1 alone, wherever the APIs are.
      configuration_aliases = [aws.us_east_1]
    }
  }
}
