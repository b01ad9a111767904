"""The page that plans: buy or make, before anything is bought."""
