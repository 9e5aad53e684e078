from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0003_managed_bots')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Identity',
            name='client',
            field=fields.CharField(null=True, max_length=255),
        ),
    ]
