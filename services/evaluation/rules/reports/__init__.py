"""The self-evaluation report and the monitoring form: documents whose every figure comes from the facts."""
