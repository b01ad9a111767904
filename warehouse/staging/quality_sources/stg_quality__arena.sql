-- One row per content of a leaderboard, publication, category and model: its rating.
select
    sha256 as answer_sha256,
    'arena_' || leaderboard as measure,
    category,
    published_date,
    is_history,
    trim(model_name) as model_name,
    nullif(trim(organization), '') as organization,
    nullif(trim(license), '') as license,
    rating,
    rating_lower,
    rating_upper,
    vote_count
from {{ source('raw', 'arena_ratings') }}
where
    {{ is_known_content('sha256') }}
    and {{ is_known('published_date::timestamptz') }}
