from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0005_logins')]

    initial = False

    operations = [
        ops.AddField(
            model_name='OperatorCopy',
            name='suspect',
            field=fields.BooleanField(null=True),
        ),
    ]
