from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0014_lookups')]

    initial = False

    operations = [
        # What the customer sees while an edit is on its way, and again where it is refused.
        ops.AddField(
            model_name='Message',
            name='before_edit',
            field=fields.JSONField(null=True),
        ),
        ops.AddField(
            model_name='Message',
            name='edit_refused',
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
