"""Who may call what."""

from typing import Annotated

from fastapi import Depends

from shared.access import Caller, require

Planner = Annotated[Caller, Depends(require("projects:write"))]
Receiver = Annotated[Caller, Depends(require("receipts:write"))]
Poster = Annotated[Caller, Depends(require("payments:post"))]
Reader = Annotated[Caller, Depends(require("budget:read"))]
Requester = Annotated[Caller, Depends(require("payments:request"))]
Approver = Annotated[Caller, Depends(require("payments:approve"))]
Cashier = Annotated[Caller, Depends(require("payments:pay"))]
