"""One thin file per Lambda: event → use case → response. A message handler answers its client itself and returns
only a status: API Gateway turns any other key of the return value into an error frame.
"""
