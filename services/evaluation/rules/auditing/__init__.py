"""Auditing a finished self-evaluation table (自评表): what in it does not follow from what else it says."""

from services.evaluation.rules.auditing.auditing import audit, audit_document
from services.evaluation.rules.auditing.layout import Sheet, table_of
from services.evaluation.rules.auditing.model import Audit
from services.evaluation.rules.auditing.reading import ROWS_MAX, read_table

__all__ = ["ROWS_MAX", "Audit", "Sheet", "audit", "audit_document", "read_table", "table_of"]
