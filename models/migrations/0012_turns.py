from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0011_reminders')]

    initial = False

    operations = [
        # What waits by now goes by its time, before all that is made later.
        ops.AddField(
            model_name='Job',
            name='turn',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Job',
            name='timed',
            field=fields.BooleanField(default=True, db_default=True),
        ),
        ops.RunSQL(
            [
                "DROP INDEX idx_jobs_due",
                "CREATE INDEX idx_jobs_due ON jobs (priority, run_at, id) WHERE state = 'queued' AND head AND timed",
                "CREATE INDEX idx_jobs_line ON jobs (priority, turn, id) WHERE state = 'queued' AND head AND NOT timed",
                "CREATE INDEX idx_jobs_served ON jobs (lane, priority, turn)"
                " WHERE state = 'queued' AND head AND NOT timed",
                "CREATE INDEX idx_jobs_share ON jobs (lane, priority, COALESCE(project_id, 0), turn)"
                " WHERE state = 'queued' AND NOT timed",
            ],
            reverse_sql=[
                "DROP INDEX idx_jobs_share",
                "DROP INDEX idx_jobs_served",
                "DROP INDEX idx_jobs_line",
                "DROP INDEX idx_jobs_due",
                "CREATE INDEX idx_jobs_due ON jobs (priority, run_at, id) WHERE state = 'queued' AND head",
            ],
        ),
    ]
