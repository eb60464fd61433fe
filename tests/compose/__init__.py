"""The deployment on a real Docker engine; `make test-compose` runs what is here, `make test` does not."""
