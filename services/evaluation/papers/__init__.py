"""Papers: a form's grid as a workbook, a text document or a page to print."""
