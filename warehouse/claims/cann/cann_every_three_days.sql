-- One row: whether 65 projects since the opening are one every three days.
{{ config(meta={
    'claim_id': 'cann-every-three-days',
    'statement': 'CANN opens a project every three days.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'the 65 projects of CANN since its opening was announced on 2025-08-05',
    'unit': 'days a project',
    'source_url': 'https://docs.onethingai.com/9bc2e/9c378',
    'article': 'cann',
    'holds_if': '65 projects were open on 2026-02-16, 195 days after the announcement.',
}) }}
-- Arithmetic on the statement itself: the day up to which its 65 projects were counted is not said.
{% set evidence %}
    select
        65 as projects,
        '2025-08-05'::date as announced_on,
        '2025-08-05'::date + 65 * 3 as three_days_each_until,
        ('2026-03-01'::date - '2025-08-05'::date) / 65.0 as days_each_by_march,
        ('2026-04-30'::date - '2025-08-05'::date) / 65.0 as days_each_by_end_of_april
{% endset %}
with found as (
    {{ evidence }}
)

select
    'since_announcement' as basis,
    3.0::double as expected,
    null::double as measured,
    format(
        '{:.1f} to {:.1f} days a project, counted up to March or the end of April 2026',
        found.days_each_by_march,
        found.days_each_by_end_of_april
    ) as measured_text,
    'unverifiable' as verdict,
    'One every three days makes 65 of them by ' || found.three_days_each_until
    || '; the statement is of spring 2026, and the day of its count is missing. Counted later, '
    || 'the rate is lower.' as reason,
    '2025-08-07 00:00:00+00'::timestamptz as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
