data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# What the state holds, since its first apply. One environment applied over the state of another would delete the other.
resource "terraform_data" "stack" {
  input = "${var.name}-${var.environment}"

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.input == "${var.name}-${var.environment}"
      error_message = <<-EOT
        This state holds ${self.input}, but ${var.name}-${var.environment} was asked for: it would replace ${self.input}.

        Choose the state of ${var.name}-${var.environment}: terraform init -reconfigure, with its backend. If ${self.input} is meant, apply its variables.
      EOT
    }
  }
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  dns_suffix = data.aws_partition.current.dns_suffix
  partition  = data.aws_partition.current.partition

  # Read from the guard below, so that a plan stops there before it looks at anything that has a name.
  prefix = terraform_data.stack.input

  tags = {
    Environment = var.environment
    ManagedBy   = "terraform"
    Project     = var.name
  }
}
