-- Orders on hold are looked at once: coins and money that nobody is promised any more are freed.
UPDATE payments SET due_at = 0 WHERE status = 'on_hold' AND due_at IS NULL;
UPDATE rampoffs SET due_at = 0 WHERE status = 'on_hold' AND due_at IS NULL;
