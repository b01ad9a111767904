-- Chance of seeded markets: the same numbers for the same seed, whatever the order of the rows.
create macro uniform(market, place, what) as
    (hash(concat_ws('/', market, place, what)) >> 11)::double / 9007199254740992.0;

create macro between_ends(market, what, low, high) as
    low + (high - low) * uniform(market, 0, what);

-- A normal number, by Box and Muller.
create macro normal(market, place, what) as
    sqrt(-2 * ln(1 - uniform(market, place, what || ' radius')))
    * cos(2 * pi() * uniform(market, place, what || ' angle'));

-- Noise of variance 1 in which each day is `alike` times the day before, and news. What is older than
-- twelve days adds less than a hundredth.
create macro noise(market, day, alike) as
    sqrt(1 - alike * alike)
    * list_sum([pow(alike, past) * normal(market, day - past, 'noise') for past in range(12)]);
