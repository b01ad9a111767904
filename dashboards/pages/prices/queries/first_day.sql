-- One row: the first day with a price.
select min(date) as first_day
from model_prices_daily
