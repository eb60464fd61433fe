"""The desk: forms over the services' calls. What a form asks stands in `forms`, how it is asked in `fields`."""
