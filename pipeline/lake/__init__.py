"""The lake: one object per month in a Cloud Storage bucket, with its provenance as metadata."""
