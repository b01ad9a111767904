"""Services of the distributed form: addresses of Postgres and S3, and how they are reached."""
