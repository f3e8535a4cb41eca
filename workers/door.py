"""Old name of the API, which deployments of the first version start: `uvicorn workers.door:app`."""

from workers.api import app

__all__ = ["app"]
