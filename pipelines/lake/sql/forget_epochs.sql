-- Holders of the lease of long ago are forgotten, but for the last one that maintained the lake.
delete from tokentide_builders
where
    epoch < (select max(all_of.epoch) - 100 from tokentide_builders as all_of)
    and maintained_at is distinct from (select max(all_of.maintained_at) from tokentide_builders as all_of);
