"""How a question is put, a file a protocol; each takes arrays and gives answers, and knows neither model nor task."""
