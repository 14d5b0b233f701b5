"""Mile Quest's realtime backend: channels over WebSockets on API Gateway, Lambda and DynamoDB.

Arrows point one way: `bootstrap` wires `aws` (adapters) to `ports`; `usecases` know the ports; `protocols` and
`domain` are pure.
"""
