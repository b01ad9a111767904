-- Gives up the oldest notifications of receivers for whom more wait than are kept.
update notifications
set given_up_at = :now, last_error = 'too many notifications waited'
where notification_id in (
    select notification_id
    from (
        select
            notification_id,
            row_number() over (
                partition by receiver
                order by created_at desc, notification_id desc
            ) as place
        from notifications
        where sent_at is null and given_up_at is null
    ) as waiting
    where place > :most
)
