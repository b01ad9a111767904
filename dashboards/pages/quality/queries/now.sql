-- One row per measure: the newest gap between the best models of both sides, in all its forms.
select *
from quality_gap_daily
where category = 'overall' and dimension = $sides
qualify row_number() over (partition by measure order by date desc) = 1
order by measure
