# Shared by developers: like prod in all that code can notice, but made to be destroyed and applied again.
environment = "dev"
region      = "us-east-1"

access_log_retention_days   = 14
artifacts_force_destroy     = true
deletion_protection         = false
log_level                   = "DEBUG"
log_retention_days          = 14
point_in_time_recovery      = false
secret_recovery_window_days = 0
