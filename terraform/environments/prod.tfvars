# The defaults are made for this environment, so there is little to say here.
environment = "prod"
region      = "us-east-1"

access_log_retention_days = 365
log_retention_days        = 365
xray                      = true
