"""The dossier: what is collected and kept, on what ground, with what care; for a lawyer or an authority."""
