"""The image's health check: exits with 0 if this container's service is ready; says why if it is not."""

import http.client
import os
import sys

SECONDS_MAX = 4


def main() -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["SCOREBUS_PORT"]), timeout=SECONDS_MAX)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        if answer.status == http.client.OK:
            return 0
        print(answer.read(500).decode(errors="replace"))
    except (OSError, http.client.HTTPException) as error:
        print(error)
    return 1


if __name__ == "__main__":
    sys.exit(main())
