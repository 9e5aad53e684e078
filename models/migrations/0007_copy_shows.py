from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0006_failed_events')]

    initial = False

    operations = [
        ops.AddField(
            model_name='OperatorCopy',
            name='shows',
            field=fields.JSONField(null=True),
        ),
        ops.AddField(
            model_name='Message',
            name='edited_sequence',
            field=fields.BigIntField(null=True),
        ),
    ]
