"""What deliveries are sent to when they are measured or tested, instead of API Gateway."""
