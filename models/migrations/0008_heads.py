from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0007_copy_shows')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Job',
            name='head',
            field=fields.BooleanField(default=True, db_default=True),
        ),
        # What waits by now stays where it is: only what is certainly behind another is no head.
        ops.RunSQL(
            [
                "UPDATE jobs SET head = FALSE WHERE state = 'queued' AND order_key IS NOT NULL AND EXISTS ("
                "SELECT 1 FROM jobs e WHERE e.order_key = jobs.order_key AND e.seq < jobs.seq"
                " AND e.state <> 'refused' AND e.due_at <= jobs.run_at)",
                "DROP INDEX idx_jobs_due",
                "CREATE INDEX idx_jobs_due ON jobs (priority, run_at, id) WHERE state = 'queued' AND head",
            ],
            reverse_sql=[
                "DROP INDEX idx_jobs_due",
                "CREATE INDEX idx_jobs_due ON jobs (priority, run_at, id) WHERE state = 'queued'",
            ],
        ),
    ]
