from tortoise import migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    dependencies = [('models', '0005_logins')]

    initial = False

    operations = [
        # For the metrics and for replaying: the failed ones are few, the journal is long.
        ops.RunSQL(
            ["CREATE INDEX idx_events_failed ON events (id, received_at) WHERE state = 'failed'"],
            reverse_sql=["DROP INDEX idx_events_failed"],
        ),
    ]
