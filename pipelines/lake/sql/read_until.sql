-- The snapshot of the lake up to which this warehouse has read it; no row where it never did.
select changed_ns
from main.loaded_folders
where folder = $folder;
