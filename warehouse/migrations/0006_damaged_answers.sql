-- An answer whose archived bytes were damaged was recorded as unreadable for good. It waits as damaged
-- from now on, and is loaded once its bytes are whole.
update raw.answers
set outcome = 'damaged'
where
    outcome = 'unreadable'
    and reason like '%Restore it from a copy of the archive.';

delete from raw.quarantine
where reason like '%Restore it from a copy of the archive.';
