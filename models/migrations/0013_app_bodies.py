from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import SecretField, UtcField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    # Two were made beside each other under the number 6; from here on there is one line again.
    dependencies = [('models', '0012_turns'), ('models', '0006_copy_suspect')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AppBody',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('platform', fields.CharField(max_length=32)),
                ('key', fields.CharField(max_length=64)),
                ('payload', SecretField(unique=False)),
                ('error', fields.TextField(unique=False)),
                ('received_at', UtcField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'app_bodies', 'app': 'models', 'unique_together': (('platform', 'key'),), 'indexes': [Index(fields=['received_at'])], 'pk_attr': 'id', 'table_description': ' '},
            bases=['Model'],
        ),
    ]
