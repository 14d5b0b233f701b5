"""One thin file per Lambda: event → use case → response. A message handler answers its client itself and returns
only a status: API Gateway turns any other key of the return value into an error frame.
"""

import gc

# What a cold start makes, stays: looking for garbage in it takes some 7 % of its time. `lambda_handler` ends this.
gc.disable()
