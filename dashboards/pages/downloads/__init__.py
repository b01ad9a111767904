"""The page of downloads: whose open weights are downloaded, beside whose are used."""
