-- Adds a notification that waits to be sent.
insert into notifications (
    notification_id, receiver, body, created_at, attempts, next_attempt_at
)
values (
    :notification_id, :receiver, :body, :created_at, 0, :created_at
)
