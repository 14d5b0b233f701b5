# The local AWS of `ops local up`: thrown away at will, plain HTTP, one developer.
environment = "local"
region      = "us-east-1"

allow_anonymous             = true  # so that a client without a token can be tried out
allow_insecure_webhooks     = true  # a receiver that is being developed listens on loopback
api_account_logging_role    = false # the local AWS has no policies of AWS's own to attach, and asks for no role
artifacts_force_destroy     = true
artifacts_require_tls       = false # there is no TLS on loopback
deletion_protection         = false
edge                        = null # the local AWS can neither publish CloudFront's functions nor serve from it; the gateway runs rewrite.js itself
secret_recovery_window_days = 0
