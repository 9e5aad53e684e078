from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import UtcField
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0002_channel_settings')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ManagedBot',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('control_bot', fields.ForeignKeyField('models.ControlBot', source_field='control_bot_id', db_constraint=True, to_field='id', related_name='managed', on_delete=OnDelete.CASCADE)),
                ('telegram_id', fields.BigIntField(unique=True)),
                ('creator', fields.BigIntField()),
                ('name', fields.CharField(max_length=255)),
                ('username', fields.CharField(max_length=64)),
                ('created_at', UtcField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'managed_bots', 'app': 'models', 'pk_attr': 'id', 'table_description': ' '},
            bases=['Model'],
        ),
    ]
